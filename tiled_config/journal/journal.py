"""Every document on the disk before anything else sees it: one file a run, one line a document."""

from __future__ import annotations

import errno
import os
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .file import JournalError, encode, journal_path, num_events, read
from .kernel_syncer import make_syncer
from .run_journal import REFERENCES, RunJournal, sync_folder

# The largest document that closes a run is the event with the agent's two maps: 0.19 MB for 64 x 64
# candidates, 0.75 MB for 128 x 128.
RESERVE = 1 << 20  # [bytes]
# The catalog, frame files and logs are on the same disk as a rule, and have to end in good order too.
MIN_FREE = 64 << 20  # [bytes]
# Of a point: a decision, a reference to a spectrum and an event are 2.0 kB.
POINT = 4 << 10  # [bytes]
# Documents that others refer to.
PARENTS = ("descriptor", "resource", "stream_resource")
# Rare, and nothing may follow before they are safe.
MILESTONES = ("descriptor", "stop")


class Journal:
    """A RunEngine subscriber; subscribe it first, for what it can't keep must not have happened.

    A document is written when the call returns: killing the process loses none. The next event waits until
    the one before is on the disk: a loss of power costs one event at most. When the disk fills up, the run
    fails with a `JournalError`; the document that was handed over, those of the plan's cleanup and the stop
    document go into a reserve.

    Parameters
    ----------
    folder
        Where the journals are; made if it is not there.
    reserve
        Room that is allocated for the closing documents of each open run [bytes].
    min_free
        A run is refused when less than this, the reserve and what its points will take is free [bytes].

    Raises
    ------
    JournalError
        If the folder can't be made.
    """

    def __init__(self, folder: Path, *, reserve: int = RESERVE, min_free: int = MIN_FREE) -> None:
        self.folder = folder
        self._reserve, self._min_free = reserve, min_free
        # By the uid of the run and of each document that others refer to.
        self._runs: dict[str, RunJournal] = {}
        self._refused: dict[str, str] = {}
        # Monitored signals bring their events from a thread of their own.
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
        except OSError as error:
            raise JournalError(
                f"journal folder {folder} can't be made ({error.strerror}): "
                "set `data` to a folder you can write to"
            ) from error
        self._syncer = make_syncer()
        self._closed = False
        _let_go_in_children(weakref.ref(self))

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Keep a document.

        Raises
        ------
        JournalError
            If it could not be kept, or no further one can.
        """
        with self._lock:
            if self._closed:
                raise JournalError(f"the journal in {self.folder} is closed: open a new session to measure")
            if name == "start":
                self._begin(doc)
                return
            run = self._run_of(name, doc)
            try:
                self._keep(run, name, doc)
            except OSError as error:
                raise _failure(run, error) from error
            finally:
                if name == "stop":
                    self._forget(run)

    def close(self) -> None:
        """Wait for the disk and let go of the files; runs without a stop document are left for `recover`."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._syncer.close()
                self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, doc: dict[str, Any]) -> None:
        path = journal_path(self.folder, doc["uid"])
        try:
            self._check_free(doc)
            self._runs[doc["uid"]] = RunJournal.create(path, _line("start", doc), self._reserve)
        except (OSError, JournalError) as error:
            reason = error if isinstance(error, JournalError) else f"{path} can't be made ({error.strerror})"
            self._refused[doc["uid"]] = f"run refused by the journal: {reason}"
            raise JournalError(self._refused[doc["uid"]]) from error

    def _check_free(self, doc: dict[str, Any]) -> None:
        disk = os.statvfs(self.folder)
        points = doc.get("num_points")
        needed = self._reserve + self._min_free + (points * POINT if isinstance(points, int) else 0)
        if (free := disk.f_bavail * disk.f_frsize) < needed:
            raise JournalError(
                f"{free / 1e6:.1f} MB are free in {self.folder}, {needed / 1e6:.1f} MB are needed: "
                "free space there, or set `data` to another disk"
            )

    def _run_of(self, name: str, doc: dict[str, Any]) -> RunJournal:
        links = ("run_start", "descriptor", "stream_resource", "resource")
        parent = next((doc[link] for link in links if link in doc), "")
        if (run := self._runs.get(parent)) is None:
            # The RunEngine closes a run whose start was refused, all the same.
            reason = self._refused.get(parent) or (
                f"{name} document of a run that the journal has not seen begin ({parent or 'no link'}): "
                "subscribe the journal first, and once"
            )
            if name == "stop":
                self._refused.pop(parent, None)
            raise JournalError(reason)
        if name in PARENTS:
            self._runs[doc["uid"]] = run
        return run

    def _keep(self, run: RunJournal, name: str, doc: dict[str, Any]) -> None:
        in_passing = name in REFERENCES and run.refer(doc.get("stream_resource", doc.get("resource")))
        if not in_passing:
            self._syncer.wait()
        if name == "stop" and run.lost:
            doc = {**doc, "num_events": num_events(read(run.path)[0])}
        try:
            run.append(_line(name, doc), last=name == "stop")
        except (OSError, JournalError):
            run.lost = True
            raise
        if not in_passing:
            run.referred.clear()
            self._syncer.begin(run)
            if name in MILESTONES:
                self._syncer.wait()
        # A run is told once: its cleanup must be able to emit documents, and a monitor's thread fails no run.
        if run.trouble is not None and not run.told and run.has_to_know(name):
            run.told = threading.get_ident() == run.thread
            raise run.trouble

    def _forget(self, run: RunJournal) -> None:
        self._syncer.wait()
        for uid in [uid for uid, other in self._runs.items() if other is run]:
            del self._runs[uid]
        run.finish()

    def _let_go(self) -> None:
        for run in set(self._runs.values()):
            run.close()
        self._runs.clear()


def _line(name: str, doc: dict[str, Any]) -> bytes:
    try:
        return encode(name, doc)
    except (TypeError, ValueError, RecursionError) as error:
        raise JournalError(
            f"{name} document can't be kept ({error}): use text, numbers, lists and arrays"
        ) from error


def _failure(run: RunJournal, error: OSError) -> JournalError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return JournalError(
            f"disk full: {run.path} has no room but for closing the run; free space there, and measure again"
        )
    return JournalError(
        f"{run.path} can't be written ({error.strerror}): check its disk, or set `data` to another one"
    )


def _let_go_in_children(journal: weakref.ref[Journal]) -> None:
    """Have forked children close the files: they would hold the lock when this process is dead."""

    def let_go() -> None:
        if (mine := journal()) is not None:
            mine._let_go()

    os.register_at_fork(after_in_child=let_go)
