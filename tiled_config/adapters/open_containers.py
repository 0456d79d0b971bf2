"""Containers that the server keeps open between requests."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stemline.analysis.container import FrameReader

KEPT = 8  # open files; each keeps a few decoded chunks


class OpenContainers:
    """Readers by file: neighbouring frames, asked for one by one, decode their chunk once."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._readers: OrderedDict[tuple[Path, int], FrameReader] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def reader(self, path: Path, frames: int) -> Iterator[FrameReader]:
        """Give the reader of a file, refreshed if it does not know of `frames` yet, to one thread at a time.

        Raises
        ------
        ContainerError, OSError
            If it can't be opened as a container.
        """
        # HDF5 lets only one thread in anyway.
        with self._lock:
            # a file that was replaced is another one
            key = (path, path.stat().st_ino)
            if key not in self._readers:
                self._readers[key] = FrameReader(path)
                if len(self._readers) > self._kept:
                    self._readers.popitem(last=False)[1].close()
            self._readers.move_to_end(key)
            reader = self._readers[key]
            if reader.shape[0] < frames:
                reader.refresh()
            yield reader
