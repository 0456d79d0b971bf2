"""Frame files in which not every frame belongs to an event."""

from __future__ import annotations

from typing import Any

from bluesky_tiled_plugins.writing.consolidators import CONSOLIDATOR_REGISTRY, HDF5Consolidator, Patch

FRAME_FILES = "application/x-hdf5"


class FrameFileConsolidator(HDF5Consolidator):  # type: ignore[misc]
    """Remembers the frames that belong to no event, so that frame k stays with event k.

    An exposure that a pause interrupted is taken again, and its first frame is in the file all the same; when
    the RunEngine rewinds further, a later StreamDatum names the same event, and its frame is the one that
    counts. The parent counts frames, and every later one would be read back with its neighbour's position.
    """

    def __init__(self, stream_resource: Any, descriptor: Any) -> None:
        super().__init__(stream_resource, descriptor)
        self._skipped: set[int] = set()
        self._next = 0

    def consume_stream_datum(self, doc: Any) -> Any:
        """Take a reference to frames; returns where the array changes."""
        start, stop = doc["indices"]["start"], doc["indices"]["stop"]
        events = range(doc["seq_nums"]["start"], doc["seq_nums"]["stop"])
        replaced = [
            self._seqnums_to_indices_map[event] for event in events & self._seqnums_to_indices_map.keys()
        ]
        self._skipped.update(range(self._next, start), replaced)
        self._skipped.difference_update(range(start, stop))
        self._next = max(self._next, stop)
        first = self._num_rows - len(replaced)
        super().consume_stream_datum(doc)
        self._num_rows -= len(replaced)
        count, *frame = self.shape
        return Patch(offset=(first, *(0 for _ in frame)), shape=(count - first, *frame))

    def adapter_parameters(self) -> dict[str, Any]:
        """Return what the server needs to read the file; see `FrameFileAdapter`."""
        parameters: dict[str, Any] = super().adapter_parameters()
        return {**parameters, "skipped": sorted(self._skipped)} if self._skipped else parameters


def register_frame_files() -> None:
    """Have every run writer use this consolidator; there is one registry for all writers of a process."""
    CONSOLIDATOR_REGISTRY[FRAME_FILES] = FrameFileConsolidator
