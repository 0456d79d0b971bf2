"""A blanker that knows how long the beam has been on the specimen."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .beam_log import BeamLog
from .clock import Clock


class SimulatedBlanker:
    """Blanked to begin with.

    Parameters
    ----------
    clock
        Of the microscope.
    current
        Gives the beam current [A].
    log
        Records when the beam goes on and off; None records nothing.
    """

    def __init__(self, clock: Clock, current: Callable[[], float], log: BeamLog | None = None) -> None:
        self._clock = clock
        self._current = current
        self._log = log
        self._lock = threading.Lock()
        self._since: float | None = None
        self._before = 0.0

    @property
    def blanked(self) -> bool:
        """Whether the beam is off the specimen."""
        return self._since is None

    @property
    def on_time(self) -> float:
        """Time the beam has been on the specimen so far [s]."""
        return self.on_time_at(self._clock.now())

    def on_time_at(self, time: float) -> float:
        """Time the beam had been on the specimen at `time` [s], which is now or just past."""
        with self._lock:
            return self._before + (0.0 if self._since is None else max(0.0, time - self._since))

    def blank(self) -> None:
        """Take the beam off the specimen."""
        with self._lock:
            if self._since is not None:
                now = self._clock.now()
                seconds, self._since = now - self._since, None
                self._before += seconds
                if self._log is not None:
                    self._log.off(now, seconds, self._current())

    def unblank(self) -> None:
        """Put the beam on the specimen."""
        with self._lock:
            if self._since is None:
                self._since = self._clock.now()
                if self._log is not None:
                    self._log.on(self._since)
