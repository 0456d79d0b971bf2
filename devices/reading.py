"""A process variable that can only be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ophyd import EpicsSignalRO

from .ahead import Ahead
from .limits import told
from .no_answer import answered


class Reading(EpicsSignalRO):  # type: ignore[misc]
    """Asked for when it is read: a monitored value of a frozen IOC goes stale without a sign.

    Raises
    ------
    NoAnswer
        By `get` and `read`, if the IOC is frozen or gone.
    """

    def __init__(self, pv: str, **kwargs: Any) -> None:
        super().__init__(pv, auto_monitor=False, **kwargs)
        self._ahead: Ahead | None = None
        self._wanted = False

    def get(self, **kwargs: Any) -> Any:
        """Ask for the value, unless `ask` has just done that."""
        ahead = self._take_ahead()
        with answered(self.pvname):
            return super().get(**kwargs) if ahead is None or kwargs else ahead.wait()[0]

    def read(self) -> dict[str, dict[str, Any]]:
        """Ask for the value and the IOC's time of it, unless `ask` has just done that."""
        ahead = self._take_ahead()
        with answered(self.pvname):
            if ahead is None:
                return dict(super().read())
            value, timestamp = ahead.wait()
        return {self.name: {"value": value, "timestamp": timestamp}}

    def describe(self) -> dict[str, dict[str, Any]]:
        """Describe the reading, with its limits if it has any."""
        return told(super().describe())

    def _take_ahead(self) -> Ahead | None:
        self._wanted = True
        ahead, self._ahead = self._ahead, None
        return ahead if ahead is not None and ahead.fresh else None


def ask(readings: Iterable[Reading]) -> None:
    """Ask now for what the next `get` or `read` of each gives; what was asked before is forgotten.

    Only for those that have been read since the last time: a waveform may be large.
    """
    asked = tuple(readings)
    wanted = [reading for reading in asked if reading._wanted]
    for reading in asked:
        reading._wanted, reading._ahead = False, None
    for reading, ahead in zip(wanted, Ahead.ask(wanted), strict=True):
        reading._ahead = ahead
