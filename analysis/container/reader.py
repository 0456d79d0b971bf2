"""Read frames by their number, or the encoded chunks that hold them."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from ..codecs import Form, decode
from .layout import CHUNKS, COMPLETE, DATA, FORMAT, METADATA, VERSION, Calibration, ContainerError

Frames = NDArray[np.unsignedinteger]
CACHED = 4  # decoded chunks that are kept: a reader of neighbouring frames decodes each once


class FrameReader:
    """A container, also one that is being written; `refresh` shows what has been added.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ContainerError
        If it is no container, or of a newer version.
    OSError
        If it can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = h5py.File(path, "r", libver="latest", swmr=True)
        if self._file.attrs.get("format") != FORMAT or self._file.attrs.get("version") != VERSION:
            found = self._file.attrs.get("format"), self._file.attrs.get("version")
            self._file.close()
            raise ContainerError(f"{path}: {found} is not {(FORMAT, VERSION)}: not a container of frames")
        self._data: h5py.Dataset = self._file[DATA]
        self._chunks: h5py.Dataset = self._file[CHUNKS]
        self.dtype: np.dtype[np.unsignedinteger] = self._data.dtype
        self.chunk_frames = int(self._data.chunks[0])
        self._cache: OrderedDict[int, Frames] = OrderedDict()
        self.refresh()

    def refresh(self) -> None:
        """Look again how many frames there are."""
        self._chunks.refresh()
        self.index: NDArray[np.void] = self._chunks[:]
        self._data.refresh()

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(frames, ky, kx)``."""
        _, ky, kx = self._data.shape
        return (int(self.index["frames"].sum()), ky, kx)

    @property
    def complete(self) -> bool:
        """Whether the writer has closed the file in an orderly way."""
        self._file[COMPLETE].refresh()
        return bool(self._file[COMPLETE][0])

    @property
    def metadata(self) -> dict[str, Any]:
        """What the writer was given."""
        found: dict[str, Any] = json.loads(self._file[METADATA][()])
        return found

    @property
    def calibration(self) -> dict[str, Calibration]:
        """Of ``ky`` and ``kx``, as far as they are known."""
        group = self._data.parent
        return {
            name: Calibration(
                float(group[name].attrs["offset"]),
                float(group[name].attrs["scale"]),
                str(group[name].attrs["units"]),
            )
            for name in ("ky", "kx")
            if name in group
        }

    def read(self, start: int, stop: int) -> Frames:
        """Read frames ``(stop - start, ky, kx)``; only chunks with some of them are read.

        Raises
        ------
        IndexError
            If there are no such frames.
        CorruptChunk
            If a chunk is damaged.
        """
        self._check(start, stop)
        return self.take(np.arange(start, stop))

    def take(self, numbers: NDArray[np.integer]) -> Frames:
        """Read the frames of these numbers, in their order; each chunk with some of them is read once.

        Raises
        ------
        IndexError
            If there are no such frames.
        CorruptChunk
            If a chunk is damaged.
        """
        if len(numbers):
            self._check(int(numbers.min()), int(numbers.max()) + 1)
        frames = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        holding = numbers // self.chunk_frames
        for chunk in np.unique(holding):
            (wanted,) = np.nonzero(holding == chunk)
            frames[wanted] = self._decoded(int(chunk))[numbers[wanted] % self.chunk_frames]
        return frames

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Give the encoded chunks that hold frames `start` to `stop`, the first and last one whole.

        Raises
        ------
        IndexError
            If there are no such frames.
        """
        self._check(start, stop)
        return map(self.chunk, self._holding(start, stop))

    def chunk(self, number: int) -> bytes:
        """Give the encoded chunk of frames ``number * chunk_frames`` and following."""
        row = self.index[number]
        _, stored = self._data.id.read_direct_chunk((number * self.chunk_frames, 0, 0))
        return row.tobytes() + stored if row["form"] == Form.DENSE else bytes(stored)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, start: int, stop: int) -> None:
        if not 0 <= start <= stop <= self.shape[0]:
            raise IndexError(f"{self.path}: frames {start} to {stop} of {self.shape[0]}")

    def _holding(self, start: int, stop: int) -> range:
        return range(start // self.chunk_frames, -(-stop // self.chunk_frames)) if stop > start else range(0)

    def _decoded(self, number: int) -> Frames:
        if number not in self._cache:
            self._cache[number] = decode(self.chunk(number))
            if len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        self._cache.move_to_end(number)
        return self._cache[number]
