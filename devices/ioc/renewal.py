"""Passes a client's lease on to the watchdog that owns the blanker, as long as the beam is on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from .lease import LONGEST, RENEWAL

LEASE_LOST = (
    "the beam was blanked: the client's lease (Beam:Lease) was not renewed; it is frozen, gone or too busy"
)
DRIVER_SILENT = "the driver's process does not answer and the state of the beam is unknown: restart the IOC"


class Watchdog(Protocol):
    """The process that owns the blanker, as the IOC sees it."""

    @property
    def silence(self) -> float:
        """How long it has owed an answer [s]."""
        ...

    def renew(self, seconds: float) -> None:
        """Let the beam stay on for at most `seconds` [s] more."""
        ...


class Renewal:
    """Renews at the watchdog from now until `end`.

    Parameters
    ----------
    watchdog
        To be renewed.
    remaining
        How long the client's lease still lasts [s].
    lost
        Called once, with the reason, when the client's lease has ended or the watchdog is silent.

    Attributes
    ----------
    lapsed
        Whether that has happened.
    """

    def __init__(
        self, watchdog: Watchdog, remaining: Callable[[], float], lost: Callable[[str], None]
    ) -> None:
        self._watchdog, self._remaining, self._lost = watchdog, remaining, lost
        self._timer: asyncio.TimerHandle | None = None
        self.lapsed = False
        self._renew()

    def end(self) -> None:
        """Renew no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _renew(self) -> None:
        left = self._remaining()
        silent = self._watchdog.silence > LONGEST
        self.lapsed = silent or left <= 0
        if self.lapsed:
            self._lost(DRIVER_SILENT if silent else LEASE_LOST)
        else:
            self._watchdog.renew(LONGEST)
            self._timer = asyncio.get_running_loop().call_later(min(RENEWAL, left), self._renew)
