"""A one-line progress bar for the terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class ProgressBar:
    """Called with ``(done, total)``; redraws its line a few times a second, and at the end."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._drawn = 0.0

    def __enter__(self) -> ProgressBar:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are finished."""
        now = time.monotonic()
        if done < total and now - self._drawn < 0.2:
            return
        self._drawn = now
        filled = 30 * done // max(total, 1)
        print(f"\r{self.label} [{'#' * filled}{'.' * (30 - filled)}] {done}/{total}", end="", file=sys.stderr)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        print(file=sys.stderr)
