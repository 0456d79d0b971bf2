"""How far something has come: one line that is redrawn in a terminal, a few plain lines in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

REDRAW = 0.2  # [s]
LOGGED = 10  # lines in all, where lines stay


class ProgressBar:
    """Called with ``(done, total)``; writes to standard error."""

    def __init__(self, label: str) -> None:
        self.label = label
        self._drawn = 0.0
        self._lines = 0
        self._redraws = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are finished."""
        if self._redraws:
            self._draw(done, total)
        else:
            self._log(done, total)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._redraws:
            print(file=sys.stderr)

    def _draw(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._drawn < REDRAW:
            return
        self._drawn = now
        filled = 30 * done // max(total, 1)
        bar = "#" * filled + "." * (30 - filled)
        print(f"\r{self.label} [{bar}] {done}/{total}", end="", file=sys.stderr, flush=True)

    def _log(self, done: int, total: int) -> None:
        due = LOGGED * done // max(total, 1)
        if due > self._lines:
            self._lines = due
            print(f"{self.label} {done}/{total}", file=sys.stderr, flush=True)
