"""A process variable that can only be read."""

from __future__ import annotations

import math
import time
from typing import Any

from ophyd import EpicsSignalRO

from .no_answer import answered

FRESH = 0.5  # [s] that an answer stands for: a point then asks once for what its action has asked for already


class Reading(EpicsSignalRO):  # type: ignore[misc]
    """Asked for when it is read: a monitored value of a frozen IOC goes stale without a sign.

    (Monitors would not be faster: caproto's server holds updates back for 10 ms, an answer takes 0.5.) What
    `refresh` has asked for is what `read` gives for half a second; `get` always asks.

    Raises
    ------
    NoAnswer
        By `get`, `read` and `refresh`, if the IOC is frozen or gone.
    """

    def __init__(self, pv: str, **kwargs: Any) -> None:
        super().__init__(pv, auto_monitor=False, **kwargs)
        self._refreshed = -math.inf

    def get(self, **kwargs: Any) -> Any:
        """Ask for the value."""
        with answered(self.pvname):
            return super().get(**kwargs)

    def refresh(self) -> None:
        """Ask for the value that `read` gives next."""
        asked = time.monotonic()
        self.get()
        self._refreshed = asked

    def read(self) -> dict[str, dict[str, Any]]:
        """Read the value and the IOC's time of it."""
        if time.monotonic() - self._refreshed < FRESH:
            return {self.name: {"value": self._readback, "timestamp": self.timestamp}}
        with answered(self.pvname):
            return dict(super().read())
