"""A process variable that can be set, with its readback."""

from __future__ import annotations

import math
import time
from typing import Any

from ophyd import EpicsSignal
from ophyd.signal import DEFAULT_WRITE_TIMEOUT
from ophyd.utils import LimitError
from ophyd.utils.epics_pvs import AlarmSeverity

from .action import Action
from .no_answer import answered
from .put import Put

FRESH = 0.5  # [s] that the readback which confirmed a move stands for; a point then asks once, not twice

FRESH = (
    0.5  # [s] that the readback which confirmed a move stands for; a point then asks for it once, not twice
)


class Refused(ValueError):
    """The IOC did not take a value; the message names the PV and gives the IOC's reason."""


class Setpoint(EpicsSignal):  # type: ignore[misc]
    """``<pv>`` to set and ``<pv>_RBV`` to read; `set` ends when the action is done and confirmed.

    Neither client layer reports a refused put to ophyd, and pyepics counts a lost connection as an end. So
    `set` succeeds only when the readback shows the value, or (a stage has its steps) when ``<pv>`` has taken
    it without an alarm. Nothing is monitored: `get` asks, and `read` asks unless `set` did half a second ago.

    Parameters
    ----------
    pv
        Name without ``_RBV``.
    """

    def __init__(self, pv: str, *, limits: bool = True, **kwargs: Any) -> None:
        super().__init__(
            pv + "_RBV", write_pv=pv, limits=limits, put_complete=True, auto_monitor=False, **kwargs
        )
        self._confirmed = -math.inf

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value, asked from the IOC: those of the probe follow the field of view."""
        self.get_setpoint(form="ctrl")
        return self._metadata["lower_ctrl_limit"], self._metadata["upper_ctrl_limit"]

    def check_value(self, value: Any) -> None:
        """Refuse what the IOC would refuse.

        Raises
        ------
        LimitError
            If the value is not finite or outside the limits (a `ValueError`).
        """
        if not self._use_limits:
            return
        if not math.isfinite(value):
            raise LimitError(f"{self.name} ({self.setpoint_pvname}): {value} is not a finite number")
        known = self._metadata["lower_ctrl_limit"], self._metadata["upper_ctrl_limit"]
        if None not in known and known[0] <= value <= known[1]:
            return  # spares a question; what has become too wide is refused by the IOC
        low, high = self.limits
        if low < high and not low <= value <= high:
            unit = self._metadata["units"] or ""
            raise LimitError(
                f"{self.name} ({self.setpoint_pvname}): {value:g} is outside {low:g} to {high:g} {unit}"
            )

    def set(
        self, value: Any, *, timeout: float | None = DEFAULT_WRITE_TIMEOUT, settle_time: float | None = None
    ) -> Action:
        """Set the value; the status ends when the IOC has done it, and fails with the IOC's reason.

        Parameters
        ----------
        value
            In the unit of the PV.
        timeout
            Longest time that the action may take while the IOC lives [s]; None for the default of the signal.
        settle_time
            Wait after the end [s].
        """
        self.check_value(value)
        longest = self.write_timeout if timeout in (None, DEFAULT_WRITE_TIMEOUT) else timeout
        start = time.monotonic()

        def overdue() -> str | None:
            if time.monotonic() - start <= longest:
                return None
            return (
                f"not at {value} after {longest:g} s although the IOC answers; abort it, or allow more time"
            )

        self._confirmed = -math.inf
        put = Put(self, value)

        def work() -> None:
            put.wait(overdue)
            self._confirm(value)

        return Action(self, work, settle_time)

    def read(self) -> dict[str, dict[str, Any]]:
        """Read the readback; fails with `NoAnswer` if the IOC is frozen or gone."""
        if time.monotonic() - self._confirmed > FRESH:
            with answered(self.pvname):
                return dict(super().read())
        return {self.name: {"value": self._readback, "timestamp": self.timestamp}}

    def stop(self, *, success: bool = False) -> None:
        """Stop the device it belongs to."""
        if self.parent is not None:
            self.root.stop(success=success)

    def _confirm(self, value: Any) -> None:
        asked = time.monotonic()
        with answered(self.setpoint_pvname):
            if self._same(value, self.get()):
                self._confirmed = asked
                return
            taken = self.get_setpoint()
        if self._same(value, taken) and self.setpoint_alarm_severity in (None, AlarmSeverity.NO_ALARM):
            self._confirmed = asked
            return
        link = getattr(self.root, "ioc", None)
        reason = "" if link is None else link.message.get()
        raise Refused(
            f"{self.setpoint_pvname}: {value} was not taken, it is {taken}: {reason or 'no reason is given'}"
        )

    def _same(self, asked: Any, taken: Any) -> bool:
        if isinstance(asked, str):
            if isinstance(taken, str):
                return asked.rstrip("/") == taken.rstrip("/")  # areaDetector ends paths with a slash
            return bool(self.enum_strs) and self.enum_strs[int(taken)] == asked
        if isinstance(taken, str):
            return bool(self.enum_strs) and self.enum_strs[int(asked)] == taken
        return math.isclose(asked, taken, rel_tol=1e-6, abs_tol=1e-12)
