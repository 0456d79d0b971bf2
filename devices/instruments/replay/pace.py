"""How long a replayed exposure takes, and how it is ended early."""

from __future__ import annotations

import threading

from ..protocol import Aborted, InstrumentError


class Pace:
    """Waits as long as an exposure would take, or not at all; `abort` ends the wait.

    Each wait has its own event, so that an abort with nothing in progress does not end the next exposure.
    """

    def __init__(self, real_time: bool) -> None:
        self._real_time = real_time
        self._stop = threading.Event()

    def wait(self, what: str, seconds: float) -> None:
        """Wait for `seconds` [s]; raises `Aborted` if ended before."""
        stop = self._stop = threading.Event()
        if self._real_time and stop.wait(seconds):
            raise Aborted(f"the {what} was aborted")

    def abort(self) -> None:
        """End the wait in progress."""
        self._stop.set()


def check_dwell(what: str, dwell_time: float, limits: tuple[float, float]) -> None:
    """Refuse a dwell time [s] beyond `limits`, NaN included; raises `InstrumentError`."""
    low, high = limits
    if not low <= dwell_time <= high:
        raise InstrumentError(
            f"{what} of {dwell_time:g} s is beyond the limits: ask for {low:g} to {high:g} s"
        )
