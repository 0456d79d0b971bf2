"""The leases of clients: who has shown lately that it lives."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST = 1.5  # [s] so that a lost lease has blanked the beam in two, on a busy machine too
RENEWAL = 0.2  # [s] after which the IOC renews at the driver's process what the client has renewed here


class Leases:
    """When the lease of each client ends; the beam is on only for one that holds a lease.

    A lease belongs to a connection: a session that is dead must not live on in the renewals of another one on
    the same machine.

    Parameters
    ----------
    now
        A clock that never goes back [s].
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._ends: dict[str, float] = {}

    def renew(self, client: str, seconds: float) -> None:
        """Let the lease of `client` last for `seconds` [s] from now; 0 gives it up."""
        now = self._now()
        self._ends = {held: end for held, end in self._ends.items() if end > now}
        self._ends[client] = now + seconds

    def remaining(self, client: str) -> float:
        """How long the lease of `client` still lasts [s]; 0 without one."""
        return max(0.0, self._ends.get(client, 0.0) - self._now())

    def refusal(self, client: str) -> str | None:
        """Say why `client` may not have the beam, or None."""
        if self.remaining(client) > 0:
            return None
        return (
            f"no lease: put {LONGEST:g} to Beam:Lease over the same connection, and again at least every "
            "second while the beam is wanted (the devices do that when they are staged)"
        )
