"""The blanker of the instrument, with the time the beam was on, and a way to call an exposure off."""

from __future__ import annotations

import threading
import time

from ..instruments.protocol import Aborted, Blanker


class Shutter:
    """Opens for one exposure at a time; closes from any thread.

    What is going on is known by its ticket, a number that grows. `call_off` ends all up to a ticket, begun or
    not, so that an abort can't be lost between two threads. No lock is taken: a blanker that hangs in one
    thread must not keep another from blanking.

    Parameters
    ----------
    blanker
        None for an instrument that can't blank: then only the time is kept.
    """

    def __init__(self, blanker: Blanker | None) -> None:
        self._blanker = blanker
        self._called_off = -1
        self._ticket = 0
        self._opened: float | None = None
        self._shut = threading.Event()
        self._closed = 0.0
        self.close()

    def begin(self, ticket: int) -> None:
        """Say what is going on from now on."""
        self._ticket = ticket

    def open(self, settle_time: float) -> None:
        """Put the beam on the specimen and wait for `settle_time` [s].

        Raises
        ------
        Aborted
            If the exposure has been called off; the beam is blanked then.
        """
        self._opened = None
        self._shut.clear()
        self.check()
        self._opened = time.monotonic()
        if self._blanker is not None:
            self._blanker.unblank()
        self._shut.wait(settle_time)
        self.check()

    def check(self) -> None:
        """Raise `Aborted`, with the beam blanked, if the shutter did not stay open all the time."""
        if self._shut.is_set() or self._called_off >= self._ticket:
            self.close()
            raise Aborted("aborted")

    def call_off(self, ticket: int) -> bool:
        """Call off all up to `ticket`, from any thread; says whether what is going on is among them."""
        self._called_off = max(self._called_off, ticket)
        if self._ticket > ticket:
            return False
        self.close()
        return True

    def close(self) -> None:
        """Take the beam off the specimen; from any thread, more than once."""
        try:
            if self._blanker is not None:
                self._blanker.blank()
        finally:
            if not self._shut.is_set():
                self._closed = time.monotonic()
                self._shut.set()

    @property
    def ticket(self) -> int:
        """What is going on."""
        return self._ticket

    @property
    def is_open(self) -> bool:
        """Whether an exposure is in progress."""
        return not self._shut.is_set()

    @property
    def blanked(self) -> bool:
        """Whether the blanker says that the beam is off; never where there is none."""
        return self._blanker is not None and self._blanker.blanked

    @property
    def on_time(self) -> float:
        """How long the beam was on in the last exposure [s], once it is closed."""
        return 0.0 if self._opened is None else max(0.0, self._closed - self._opened)
