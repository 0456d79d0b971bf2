"""A blanker that knows how long the beam has been on the specimen."""

from __future__ import annotations

import threading

from .clock import Clock


class SimulatedBlanker:
    """Blanked to begin with."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
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
                self._before += self._clock.now() - self._since
                self._since = None

    def unblank(self) -> None:
        """Put the beam on the specimen."""
        with self._lock:
            if self._since is None:
                self._since = self._clock.now()
