"""The blanker: the beam is on for as long as somebody keeps saying so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..nion.wire import LEASE


class Lease:
    """Opens the blanker for `LEASE` seconds at a time and closes it by itself when nobody renews.

    A renewal extends a lease; it never opens a blanker that has been closed.

    Parameters
    ----------
    set_blanked
        Moves the instrument's blanker; from any thread.
    """

    def __init__(self, set_blanked: Callable[[bool], None]) -> None:
        self._set_blanked = set_blanked
        self._changed = threading.Condition()
        self._ends: float | None = None
        self._over = False
        self.close()
        self._watch = threading.Thread(target=self._expire, name="beam lease", daemon=True)
        self._watch.start()

    def open(self) -> None:
        """Put the beam on the specimen."""
        with self._changed:
            if not self._over:
                self._ends = time.monotonic() + LEASE
                self._set_blanked(False)
                self._changed.notify()

    def renew(self) -> bool:
        """Keep the beam on for another `LEASE` seconds; says whether it is on."""
        with self._changed:
            if self._ends is not None:
                self._ends = time.monotonic() + LEASE
            return self._ends is not None

    def close(self) -> None:
        """Take the beam off the specimen."""
        with self._changed:
            self._ends = None
            self._set_blanked(True)

    def end(self) -> None:
        """Take the beam off for good."""
        with self._changed:
            self._over = True
            self.close()
            self._changed.notify()

    def _expire(self) -> None:
        with self._changed:
            while not self._over:
                left = None if self._ends is None else self._ends - time.monotonic()
                if left is not None and left <= 0:
                    self.close()
                else:
                    self._changed.wait(left)
