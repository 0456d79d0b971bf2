"""A process variable that can only be read."""

from __future__ import annotations

from typing import Any

from ophyd import EpicsSignalRO

from .no_answer import answered


class Reading(EpicsSignalRO):  # type: ignore[misc]
    """Asked for when it is read: a monitored value of a frozen IOC goes stale without a sign.

    (Monitors would not be faster: caproto's server holds updates back for 10 ms, an answer takes 0.5.)

    Raises
    ------
    NoAnswer
        By `get` and `read`, if the IOC is frozen or gone.
    """

    def __init__(self, pv: str, **kwargs: Any) -> None:
        super().__init__(pv, auto_monitor=False, **kwargs)

    def get(self, **kwargs: Any) -> Any:
        """Ask for the value."""
        with answered(self.pvname):
            return super().get(**kwargs)

    def read(self) -> dict[str, dict[str, Any]]:
        """Ask for the value and the IOC's time of it."""
        with answered(self.pvname):
            return dict(super().read())
