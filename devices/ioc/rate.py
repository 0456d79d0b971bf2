"""How often something may be asked for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

MINUTE = 60.0  # [s]


class Rate:
    """Counts requests of the last minute.

    Parameters
    ----------
    most
        So many are allowed a minute.
    now
        A clock that never goes back [s].
    """

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = most, now
        self._times: deque[float] = deque()

    def refusal(self) -> str | None:
        """Count a request and return None, or say why it is one too many."""
        now = self._now()
        while self._times and now - self._times[0] >= MINUTE:
            self._times.popleft()
        if len(self._times) < self._most:
            self._times.append(now)
            return None
        wait = MINUTE - (now - self._times[0])
        return (
            f"{self._most} moves a minute are allowed: wait {wait:.1f} s, or raise stage_moves in the IOC's "
            "configuration"
        )
