"""Somebody waits for the disk, so that the scan need not."""

from __future__ import annotations

import threading
from typing import Protocol


class Synced(Protocol):
    """What can be synced, and remembers why that failed."""

    trouble: OSError | None

    @property
    def descriptor(self) -> int:
        """Of the open file."""
        ...

    def sync(self) -> None:
        """Wait until all is on the disk."""
        ...


class Syncer(Protocol):
    """Syncs one file at a time."""

    def begin(self, file: Synced) -> None:
        """Begin to sync a file, after the one before it."""
        ...

    def wait(self) -> None:
        """Wait until everything that was begun is on the disk, or the file knows its trouble."""
        ...

    def close(self) -> None:
        """Wait, and let go of what it holds."""
        ...


class ThreadSyncer:
    """A thread that syncs, for where the kernel does not: see `KernelSyncer`.

    Two bare locks, not a queue or a future: with those a scan would spend 4 % more of its time here.
    """

    def __init__(self) -> None:
        self._file: Synced | None = None
        self._idle, self._begin = threading.Lock(), threading.Lock()
        self._begin.acquire()
        threading.Thread(target=self._work, name="journal", daemon=True).start()

    def begin(self, file: Synced) -> None:
        """See `Syncer`."""
        self._idle.acquire()
        self._file = file
        self._begin.release()

    def wait(self) -> None:
        """See `Syncer`."""
        with self._idle:
            pass

    def close(self) -> None:
        """See `Syncer`."""
        self._idle.acquire()
        self._file = None
        self._begin.release()

    def _work(self) -> None:
        while True:
            self._begin.acquire()
            if self._file is None:
                return
            try:
                self._file.sync()
            except OSError as error:
                self._file.trouble = error
            self._idle.release()
