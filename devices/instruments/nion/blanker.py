"""The beam is on for as long as this process says so."""

from __future__ import annotations

import contextlib
import threading

from ..protocol import InstrumentError
from .connection import Connection
from .wire import LEASE

RENEWALS = 5  # in the time of a lease


class NionBlanker:
    """Blanked to begin with; while unblanked, a thread renews the server's lease.

    When this process dies, freezes or loses the server, the server blanks within `LEASE` seconds.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._on = threading.Event()
        self.blank()
        threading.Thread(target=self._renew, name="beam lease", daemon=True).start()

    @property
    def blanked(self) -> bool:
        """Whether the instrument says that the beam is off."""
        return bool(self._connection.call("blanked"))

    def blank(self) -> None:
        """Take the beam off the specimen."""
        self._on.clear()
        self._connection.call("blank")

    def unblank(self) -> None:
        """Put the beam on the specimen."""
        self._connection.call("unblank")
        self._on.set()

    def _renew(self) -> None:
        pause = threading.Event()
        while True:
            self._on.wait()
            pause.wait(LEASE / RENEWALS)
            # A server that has gone blanked, or will: whoever measures finds out and says so.
            with contextlib.suppress(InstrumentError):
                if self._on.is_set() and not self._connection.call("renew"):
                    self._on.clear()
