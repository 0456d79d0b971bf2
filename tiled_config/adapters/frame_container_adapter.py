"""How the server reads containers of encoded frames: plain frames, or the chunks as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tiled.adapters.core import Adapter
from tiled.ndslice import NDBlock, NDSlice
from tiled.structures.array import ArrayStructure
from tiled.structures.core import StructureFamily

from stemline.analysis.container import FrameReader

from ..error import CatalogError
from .assets import asset_path
from .open_containers import OpenContainers

CONTAINERS = OpenContainers()
EVERYTHING = NDSlice(...)


class FrameContainerAdapter(Adapter[ArrayStructure]):  # type: ignore[misc]
    """The frames of a container as an array ``(events, ky, kx)``; a slice reads the chunks it needs.

    Parameters
    ----------
    path
        The file.
    structure
        What the catalog knows of it; the file may have more frames already.
    skipped
        Frames that belong to no event; see `FrameContainerConsolidator`.
    """

    structure_family = StructureFamily.array

    def __init__(
        self,
        path: Path,
        structure: ArrayStructure,
        *,
        skipped: Sequence[int] = (),
        metadata: Any = None,
        specs: Any = None,
    ) -> None:
        super().__init__(structure, metadata=metadata, specs=specs)
        self._path = path
        self._skipped = np.array(skipped, np.int64)

    @classmethod
    def from_catalog(
        cls, data_source: Any, node: Any, /, *, skipped: Sequence[int] = (), **parameters: Any
    ) -> FrameContainerAdapter:
        """Open what the catalog refers to.

        Raises
        ------
        CatalogError
            If it is not one file.
        """
        if len(data_source.assets) != 1:
            raise CatalogError(f"{len(data_source.assets)} containers of frames where one is expected")
        path = asset_path(data_source.assets[0].data_uri)
        return cls(path, data_source.structure, skipped=skipped, metadata=node.metadata_, specs=node.specs)

    @classmethod
    def from_uris(cls, *uris: str, skipped: Sequence[int] = (), **parameters: Any) -> FrameContainerAdapter:
        """Open a file; its structure is what is in it."""
        (uri,) = uris
        path = asset_path(uri)
        with CONTAINERS.reader(path, 0) as reader:
            reader.refresh()
            structure = structure_of(reader, len(skipped))
        return cls(path, structure, skipped=skipped)

    @property
    def dims(self) -> tuple[str, ...] | None:
        """Names of the axes."""
        dims: tuple[str, ...] | None = self._structure.dims
        return dims

    def read(self, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        """Read a part of the array."""
        first, rest = _split(tuple(slice or ()), len(self._structure.shape))
        rows = np.arange(self._structure.shape[0])[first]
        numbers = self._numbers()[rows]
        with CONTAINERS.reader(self._path, self._needed()) as reader:
            frames = reader.take(np.atleast_1d(numbers))
        frames = frames.reshape(len(frames), *self._structure.shape[1:])[(np.s_[:], *rest)]
        return frames if np.ndim(rows) else frames[0]

    def read_block(self, block: NDBlock, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        """Read a block of the array's chunks, or a part of it."""
        whole = self.read(NDSlice(*block.slice_from_chunks(self._structure.chunks)))
        return whole[tuple(slice)] if slice else whole

    def chunks(self, start: int, stop: int) -> tuple[int, list[bytes]]:
        """Give the encoded chunks that hold rows `start` to `stop`, and the row that the first begins with.

        Raises
        ------
        IndexError
            If there are no such rows.
        CatalogError
            If frames among them belong to no event: rows are not frames then.
        """
        if not 0 <= start < stop <= self._structure.shape[0]:
            raise IndexError(f"rows {start} to {stop} of {self._structure.shape[0]}")
        if self._skipped.size and self._skipped.min() < stop:
            raise CatalogError(f"{self._path.name}: not every frame belongs to an event: read plain frames")
        with CONTAINERS.reader(self._path, self._needed()) as reader:
            return start // reader.chunk_frames * reader.chunk_frames, list(reader.chunks(start, stop))

    def _numbers(self) -> NDArray[np.int64]:
        """Give the frame of each row."""
        frames = np.arange(self._needed())
        return np.setdiff1d(frames, self._skipped) if self._skipped.size else frames

    def _needed(self) -> int:
        return int(self._structure.shape[0]) + len(self._skipped)


def structure_of(reader: FrameReader, skipped: int) -> ArrayStructure:
    """Describe the frames of a file but `skipped` of them."""
    count, ky, kx = reader.shape
    rows = count - skipped
    full, rest = divmod(rows, reader.chunk_frames)
    chunks = (reader.chunk_frames,) * full + ((rest,) if rest else ())
    described = ArrayStructure.from_array(np.empty((0, ky, kx), reader.dtype))
    return ArrayStructure(
        data_type=described.data_type,
        shape=(rows, ky, kx),
        chunks=(chunks, (ky,), (kx,)),
        dims=("time", "ky", "kx"),
    )


def _split(key: tuple[Any, ...], ndim: int) -> tuple[Any, tuple[Any, ...]]:
    """Take the first axis from a numpy index; what is not said of the others is all of them."""
    if Ellipsis in key:
        at = key.index(Ellipsis)
        key = key[:at] + (np.s_[:],) * (ndim - len(key) + 1) + key[at + 1 :]
    key = key + (np.s_[:],) * (ndim - len(key))
    return key[0], key[1:]
