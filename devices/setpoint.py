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
from .ahead import Ahead
from .limits import told
from .no_answer import answered
from .put import Put


class Refused(ValueError):
    """The IOC did not take a value; the message names the PV and gives the IOC's reason."""


class Setpoint(EpicsSignal):  # type: ignore[misc]
    """``<pv>`` to set and ``<pv>_RBV`` to read; `set` ends when the action is done and confirmed.

    `set` succeeds when the IOC completes the put and says that it succeeded. The pyepics layer does not pass
    that on, and counts a lost connection as an end: there the readback has to show the value, or (a stage has
    its steps) ``<pv>`` has to have taken it without an alarm.

    Nothing is monitored: `get` asks. `read` asks, or gives what was asked for as soon as `set` was done, not
    more than half a second ago: during an exposure there is time for that.

    Parameters
    ----------
    pv
        Name without ``_RBV``.
    """

    def __init__(self, pv: str, *, limits: bool = True, **kwargs: Any) -> None:
        super().__init__(
            pv + "_RBV", write_pv=pv, limits=limits, put_complete=True, auto_monitor=False, **kwargs
        )
        self._ahead: Ahead | None = None
        self._wanted = False

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

        self._ahead = None
        put = Put(self, value)

        def work() -> None:
            put.wait(overdue)
            if not (self._shows(value) if put.succeeded is None else put.succeeded):
                raise self._refusal(value)
            if self._wanted and put.succeeded:
                (self._ahead,) = Ahead.ask([self])
            self._confirm(value)

        return Action(self, work, settle_time)

    def read(self) -> dict[str, dict[str, Any]]:
        """Read the readback; fails with `NoAnswer` if the IOC is frozen or gone."""
        self._wanted = True
        ahead = self._ahead
        with answered(self.pvname):
            if ahead is None or not ahead.fresh:
                return dict(super().read())
            value, timestamp = ahead.wait()
        return {self.name: {"value": value, "timestamp": timestamp}}

    def describe(self) -> dict[str, dict[str, Any]]:
        """Describe the readback, with the limits of what is set if there are any."""
        return told(super().describe())

    def stop(self, *, success: bool = False) -> None:
        """Stop the device it belongs to."""
        if self.parent is not None:
            self.root.stop(success=success)

    def _confirm(self, value: Any) -> None:
        """Do what else has to be done before `set` ends."""

    def _shows(self, value: Any) -> bool:
        with answered(self.setpoint_pvname):
            shown = self.get()
            self._ahead = Ahead.known(self, shown)
            if self._same(value, shown):
                return True
            taken = self._same(value, self.get_setpoint())
        return taken and self.setpoint_alarm_severity in (None, AlarmSeverity.NO_ALARM)

    def _refusal(self, value: Any) -> Refused:
        with answered(self.setpoint_pvname):
            kept = self.get_setpoint()
        link = getattr(self.root, "ioc", None)
        reason = "" if link is None else link.message.get()
        return Refused(
            f"{self.setpoint_pvname}: {value} was not taken, it is {kept}: {reason or 'no reason is given'}"
        )

    def _same(self, asked: Any, taken: Any) -> bool:
        if isinstance(asked, str):
            if isinstance(taken, str):
                return asked.rstrip("/") == taken.rstrip("/")  # areaDetector ends paths with a slash
            return bool(self.enum_strs) and self.enum_strs[int(taken)] == asked
        if isinstance(taken, str):
            return bool(self.enum_strs) and self.enum_strs[int(asked)] == taken
        return math.isclose(asked, taken, rel_tol=1e-6, abs_tol=1e-12)
