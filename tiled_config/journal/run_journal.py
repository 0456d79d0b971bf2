"""The journal of one run while it is being measured: an open, locked file with a reserve."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import Self

from .reserve import Reserve, make_reserve

# A stop document has a few hundred bytes, and the text of the exception that ended the run.
STOP_ROOM = 64 << 10  # [bytes]
# They belong to an event that follows at once, whose sync will do for them.
REFERENCES = ("resource", "stream_resource", "datum", "datum_page", "stream_datum")
# For the acquiring user only: the forwarder is his, and documents hold what the catalog gives out by key.
MODE = 0o600
# A run whose frames come without events is told of a full disk after so many references to them: 20 kB.
PATIENCE = 64


class RunJournal:
    """Appends lines to one file; made by `create`. Methods raise OSError when the disk does not do them.

    Attributes
    ----------
    path, descriptor
        Of the file.
    thread
        The one that drives the run.
    trouble
        Why the run can't go on.
    told
        Whether the run was told so.
    lost
        Whether a document is missing.
    referred
        Files that were referred to since the last sync.
    """

    def __init__(self, path: Path, descriptor: int, reserve: Reserve) -> None:
        self.path = path
        self.thread = threading.get_ident()
        self.trouble: OSError | None = None
        self.told = self.lost = False
        self.referred: set[str] = set()
        self._patience = PATIENCE
        self.descriptor, self._reserve = descriptor, reserve
        self._end = 0

    @classmethod
    def create(cls, path: Path, line: bytes, reserve: int) -> Self:
        """Begin a journal with its first line.

        It gets its name once that is on the disk and the lock is taken: whoever finds a journal unlocked
        knows that nobody measures into it any more.
        """
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        unfinished = path.with_name(path.name + ".new")
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, MODE)
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, descriptor)
            undo.callback(unfinished.unlink, missing_ok=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            journal = cls(path, descriptor, make_reserve(descriptor, reserve))
            journal.append(line)
            journal.sync()
            unfinished.rename(path)
            undo.callback(path.unlink)
            sync_folder(path.parent)
            undo.pop_all()
        return journal

    def append(self, line: bytes, last: bool = False) -> None:
        """Write a line, all of it or nothing; `last` opens the room that is kept for the stop document."""
        self._reserve.admit(self._end + len(line) + (0 if last else STOP_ROOM))
        done = 0
        try:
            while done < len(line):
                done += os.pwrite(self.descriptor, line[done:], self._end + done)
        except OSError:
            if done:
                # If this fails too, readers leave the torn line out, and the next one is written over it.
                with contextlib.suppress(OSError):
                    self._reserve.cut(self._end)
            raise
        self._end += len(line)
        if not last:
            try:
                self._reserve.top_up(self._end)
            except OSError as error:
                self.trouble = error

    def refer(self, file: str | None) -> bool:
        """Whether a reference can do without a sync: the event that it belongs to will follow.

        Not if the same file was referred to before: then there are no events between (a fly scan).
        """
        if file in self.referred:
            return False
        if file is not None:
            self.referred.add(file)
        return True

    def has_to_know(self, name: str) -> bool:
        """Whether to tell the run of its trouble now, at a document of this name.

        At a reference its event would be missing, and there would be more frames than points.
        """
        if name in REFERENCES:
            self._patience -= 1
            return self._patience < 0
        return True

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        os.fdatasync(self.descriptor)

    def finish(self) -> None:
        """Give back the reserve, and the lock."""
        with contextlib.suppress(OSError):
            self._reserve.cut(self._end)
        self.close()

    def close(self) -> None:
        """Leave the file as it is; the lock goes."""
        os.close(self.descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
