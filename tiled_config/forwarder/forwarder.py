"""Every journal of a folder into the catalog, as it is written and for as long as it takes."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

from ..error import CatalogError
from ..journal.file import JournalError, journals
from .backlog import Backlog, oldest
from .run_forwarding import RunForwarding
from .status import ForwarderStatus

logger = logging.getLogger(__name__)

# How often to look for new documents while a run goes on, and while none does.
LOOK, IDLE = 0.01, 0.05  # [s]
# Between requests, at most as long as one takes: while points come quickly, two batches of five cost twice as
# much as one of ten.
BREATH = 0.02  # [s]
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0  # [s]
# A catalog that takes other runs is not helped by asking again and again for one.
LONGEST_WAIT_OF_A_RUN = 30.0  # [s]
# A refusal may come of what happened to the run in the catalog meanwhile; when it comes again, it stays.
REFUSALS = 3
# Nobody is there, or a proxy says so; or the key is wrong, which no run can help.
AWAY = (401, 502, 503, 504)
TOO_MANY, SERVER_ERROR = 429, 500
STATUS_PERIOD = 1.0  # [s]
# A request that takes longer is said to have no answer yet.
SLOW = 5.0  # [s]


@dataclass
class Wait:
    """When to try again after a failure: soon, then less and less often."""

    longest: float
    until: float = 0.0
    length: float = 0.0

    def failed(self) -> None:
        """Wait, longer than the last time."""
        self.length = min(2 * self.length, self.longest) or FIRST_WAIT
        self.until = time.monotonic() + self.length

    def over(self) -> bool:
        """Tell whether it is time."""
        return time.monotonic() >= self.until


@dataclass
class Followed:
    """A run that is forwarded, and its troubles."""

    run: RunForwarding
    wait: Wait = field(default_factory=lambda: Wait(LONGEST_WAIT_OF_A_RUN))
    refusals: int = 0
    error: str | None = None
    problem: str | None = None


class Forwarder:
    """Follows the journals in a folder; one forwarder a folder, see `only_forwarder`.

    Parameters
    ----------
    folder
        Of the journals.
    connect
        Gives the container of the runs; raises CatalogError while there is no server.
    catalog
        Its address without a key, for the status.
    """

    def __init__(self, folder: Path, connect: Callable[[], CatalogOfBlueskyRuns], catalog: str) -> None:
        self._folder = folder
        self._connect = connect
        self._runs: CatalogOfBlueskyRuns | None = None
        self._followed: dict[Path, Followed] = {}
        self._away = Wait(LONGEST_WAIT)
        self._error: str | None = None
        self._asked: float | None = None
        self._backlog = Backlog()
        self._begun = ForwarderStatus(os.getpid(), 0.0, catalog)
        self._said: ForwarderStatus | None = None

    def run(self, ended: threading.Event, once: bool = False) -> None:
        """Forward until told to end.

        Parameters
        ----------
        ended
            Set it to end after the request that is under way; set at the end in any case.
        once
            End by itself when no document is waiting that could be forwarded.
        """
        teller = threading.Thread(target=self._keep_telling, args=(ended,), daemon=True)
        teller.start()
        while not ended.is_set():
            begin = time.monotonic()
            if self.forward():
                ended.wait(min(time.monotonic() - begin, BREATH))
            elif once and not self._waiting():
                break
            else:
                ended.wait(
                    LOOK if any(not followed.problem for followed in self._followed.values()) else IDLE
                )
        ended.set()
        teller.join()
        self._tell()

    def forward(self) -> bool:
        """Look at every journal once; returns whether something was written."""
        here = journals(self._folder)
        for path in self._followed.keys() - set(here):
            del self._followed[path]
        for path in here:
            if path not in self._followed:
                self._followed[path] = Followed(RunForwarding(path))
        if not self._away.over():
            return False
        forwarded = False
        for followed in list(self._followed.values()):
            if followed.problem is None and followed.wait.over():
                forwarded |= self._forward(followed)
                if not self._away.over():
                    return False
        return forwarded

    def status(self) -> ForwarderStatus:
        """Say how far it is; may be called from another thread."""
        every = list(self._followed.values())
        runs = [one.run for one in every]
        behind = {run: self._backlog.behind(run.path, run.forwarded) for run in runs}
        times = [time for run in runs if behind[run] and (time := oldest(run.path, run.offset)) is not None]
        set_aside = {one.run.path.stem: one.problem for one in every if one.problem is not None}
        errors = [*set_aside.values(), *(one.error for one in every if one.error is not None)]
        return replace(
            self._begun,
            behind=sum(behind.values()),
            oldest=min(times, default=None),
            error=self._silence() or self._error or next(iter(errors), None),
            set_aside=set_aside,
        )

    def _forward(self, followed: Followed) -> bool:
        run, before = followed.run, followed.run.offset
        self._asked = time.monotonic()
        try:
            if self._runs is None:
                self._runs = self._connect()
        except (CatalogError, httpx.HTTPError) as error:
            self._catalog_is_away(error)
            return False
        try:
            forwarded = run.forward(self._runs)
        except FileNotFoundError:
            return False  # somebody moved it away
        except Exception as error:  # noqa: BLE001 - one run must not keep the others from the catalog
            self._failed(followed, error)
            return False
        finally:
            self._asked = None
        if forwarded:
            self._error, self._away = None, Wait(LONGEST_WAIT)
        if run.offset > before:
            followed.wait, followed.refusals, followed.error = Wait(LONGEST_WAIT_OF_A_RUN), 0, None
        if run.done:
            del self._followed[run.path]
        return forwarded

    def _failed(self, followed: Followed, error: Exception) -> None:
        """Decide whether everything waits, only this run does, or this run is given up."""
        uid = followed.run.path.stem
        status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else 0
        if isinstance(error, httpx.TransportError) or status in AWAY:
            self._catalog_is_away(error)
            return
        logger.warning("run %s was not taken by the catalog", uid, exc_info=error)
        line = f"run {uid}: {one_line(error)}"
        if status < SERVER_ERROR and status != TOO_MANY:
            followed.refusals += 1
            if isinstance(error, CatalogError | JournalError) or followed.refusals >= REFUSALS:
                followed.problem = line
                return
        followed.error = line
        followed.wait.failed()

    def _catalog_is_away(self, error: Exception) -> None:
        self._asked = None
        if self._away.length == 0.0:
            logger.warning("the catalog does not answer: %s", one_line(error))
        self._error = f"no catalog at {self._begun.catalog}: {one_line(error)}"
        self._away.failed()

    def _waiting(self) -> bool:
        return any(
            self._backlog.behind(followed.run.path, followed.run.forwarded)
            for followed in self._followed.values()
            if followed.problem is None
        )

    def _silence(self) -> str | None:
        asked = self._asked
        if asked is None or (seconds := time.monotonic() - asked) < SLOW:
            return None
        return f"the catalog at {self._begun.catalog} has not answered for {seconds:.0f} s"

    def _keep_telling(self, ended: threading.Event) -> None:
        self._tell()
        while not ended.wait(STATUS_PERIOD):
            self._tell()

    def _tell(self) -> None:
        status = self.status()
        if status != self._said:
            self._said = status
            # The disk may be full: the catalog may be on another one.
            with contextlib.suppress(OSError):
                replace(status, time=time.time()).write(self._folder)


def one_line(error: Exception) -> str:
    """Say an exception in one line, without the address that may hold a key."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, CatalogError | JournalError) else f"{type(error).__name__}: {text}"
