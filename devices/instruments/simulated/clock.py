"""How time passes for the simulated microscope, and how a wait is ended early."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from ..protocol import Aborted


class Clock(Protocol):
    """A clock that can be waited for."""

    def now(self) -> float:
        """Time that never goes back [s]."""
        ...

    def wait_until(self, deadline: float, ended: threading.Event) -> None:
        """Wait until `deadline` [s] unless `ended` is set before."""
        ...


class RealClock:
    """Time as it passes."""

    def now(self) -> float:
        """Monotonic time [s]."""
        return time.monotonic()

    def wait_until(self, deadline: float, ended: threading.Event) -> None:
        """Wait until `deadline` [s] unless `ended` is set before."""
        ended.wait(max(0.0, deadline - self.now()))


class LeapingClock:
    """Time that passes only where someone waits, and then at once."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Time waited for so far [s]."""
        return self._now

    def wait_until(self, deadline: float, ended: threading.Event) -> None:
        """Leap to `deadline` [s] unless `ended` is set before."""
        if not ended.is_set():
            with self._lock:
                self._now = max(self._now, deadline)


class Action:
    """What one part of the microscope is doing, if anything; `abort` ends it from another thread.

    Each action has its own event, so that an abort with nothing in progress does not end the next one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ended = threading.Event()

    def begin(self) -> float:
        """Begin an action; returns the time it began [s]."""
        self._ended = threading.Event()
        return self._clock.now()

    def wait_until(self, deadline: float, what: str) -> None:
        """Wait until `deadline` [s]; raises `Aborted` if the action has been ended before."""
        self._clock.wait_until(deadline, self._ended)
        if self._ended.is_set():
            raise Aborted(f"the {what} was aborted: its data are discarded")

    def abort(self) -> None:
        """End the action in progress."""
        self._ended.set()
