"""A blanker that keeps the time the beam would have been on."""

from __future__ import annotations

import threading
import time


class ReplayBlanker:
    """Blanked to begin with; `on_time` is what the specimen would have seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None
        self._on_time = 0.0

    @property
    def blanked(self) -> bool:
        """Whether the beam is off the specimen."""
        return self._since is None

    @property
    def on_time(self) -> float:
        """Time unblanked so far [s]."""
        with self._lock:
            return self._on_time + (0.0 if self._since is None else time.monotonic() - self._since)

    def blank(self) -> None:
        """Take the beam off the specimen."""
        with self._lock:
            if self._since is not None:
                self._on_time += time.monotonic() - self._since
                self._since = None

    def unblank(self) -> None:
        """Put the beam on the specimen."""
        with self._lock:
            if self._since is None:
                self._since = time.monotonic()
