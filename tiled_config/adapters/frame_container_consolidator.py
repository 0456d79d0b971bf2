"""Containers of encoded frames in a run, of which not every frame need belong to an event."""

from __future__ import annotations

from typing import Any

from bluesky_tiled_plugins.writing.consolidators import CONSOLIDATOR_REGISTRY

from stemline.analysis.container import MIMETYPE

from .frame_file_consolidator import FrameFileConsolidator


class FrameContainerConsolidator(FrameFileConsolidator):
    """Keeps frame k with event k, as for plain frame files; the file itself says the rest."""

    supported_mimetypes = {MIMETYPE}

    def adapter_parameters(self) -> dict[str, Any]:
        """Return what the server needs to read the file; see `FrameContainerAdapter`."""
        return {"skipped": sorted(self._skipped)} if self._skipped else {}


def register_frame_containers() -> None:
    """Have every run writer use this consolidator; there is one registry for all writers of a process."""
    CONSOLIDATOR_REGISTRY[MIMETYPE] = FrameContainerConsolidator
