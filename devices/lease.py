"""The lease of the beam: shows the IOC that this process lives."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from ophyd import EpicsSignal

from .crew import crew
from .no_answer import NoAnswer, answered

SECONDS = 1.5  # [s] that the IOC grants
PERIOD = 0.3  # [s] between renewals: four may come late, or be lost


class Lease(EpicsSignal):  # type: ignore[misc]
    """``Beam:Lease``, renewed by a thread for as long as anybody holds it.

    It has to be this process that renews, over the connection that `Acquire` is put through: the IOC blanks
    when it is frozen or gone.
    """

    def __init__(self, pv: str, **kwargs: Any) -> None:
        super().__init__(pv, auto_monitor=False, **kwargs)
        self._guard = threading.Lock()
        self._holders = 0
        self._renewing = False

    def hold(self) -> None:
        """Take the lease, or share it.

        Raises
        ------
        NoAnswer
            If there is no connection.
        """
        with self._guard:
            if not self._renewing:
                self._renew()
                self._renewing = True
                crew().do(self._keep)
            self._holders += 1

    def let_go(self) -> None:
        """Hold it no longer; it ends by itself once nobody does."""
        with self._guard:
            self._holders = max(0, self._holders - 1)

    def _renew(self) -> None:
        with answered(self.setpoint_pvname):
            self.put(SECONDS, force=True, wait=False)

    def _keep(self) -> None:
        while True:
            time.sleep(PERIOD)
            with self._guard:
                if self._holders == 0:
                    self._renewing = False
                    return
            with contextlib.suppress(NoAnswer):  # the exposure will say so
                self._renew()
