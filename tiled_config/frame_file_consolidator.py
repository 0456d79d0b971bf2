"""Frame files in which not every frame belongs to an event."""

from __future__ import annotations

from typing import Any

from bluesky_tiled_plugins.writing.consolidators import CONSOLIDATOR_REGISTRY, HDF5Consolidator

FRAME_FILES = "application/x-hdf5"


class FrameFileConsolidator(HDF5Consolidator):  # type: ignore[misc]
    """Remembers the frames that no StreamDatum names, so that frame k stays with event k.

    An exposure that a pause interrupted is taken again, and its first frame is in the file all the same. The
    parent counts frames, and every later one would be read back with its neighbour's position.
    """

    def __init__(self, stream_resource: Any, descriptor: Any) -> None:
        super().__init__(stream_resource, descriptor)
        self._skipped: list[int] = []
        self._next = 0

    def consume_stream_datum(self, doc: Any) -> Any:
        """Take a reference to frames."""
        self._skipped.extend(range(self._next, doc["indices"]["start"]))
        self._next = doc["indices"]["stop"]
        return super().consume_stream_datum(doc)

    def adapter_parameters(self) -> dict[str, Any]:
        """Return what the server needs to read the file; see `FrameFileAdapter`."""
        parameters: dict[str, Any] = super().adapter_parameters()
        return {**parameters, "skipped": self._skipped} if self._skipped else parameters


def register_frame_files() -> None:
    """Have TiledWriter use this consolidator; it has one registry for all writers of a process."""
    CONSOLIDATOR_REGISTRY[FRAME_FILES] = FrameFileConsolidator
