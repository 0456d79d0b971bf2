"""How the server reads frame files: nothing of other files, and no frames that belong to no event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tiled.adapters.hdf5 import HDF5Adapter, HDF5ArrayAdapter
from tiled.structures.array import ArrayStructure

from .assets import asset_path, check_frame_file


class FrameFileAdapter(HDF5Adapter):  # type: ignore[misc]
    """Tiled's HDF5 adapter, and a parameter `skipped`: frames to leave out (`FrameFileConsolidator`)."""

    @classmethod
    def from_catalog(
        cls, data_source: Any, node: Any, /, *, skipped: Sequence[int] = (), **parameters: Any
    ) -> Any:
        """Open what the catalog refers to.

        Raises
        ------
        CatalogError
            If a file takes data from another one.
        """
        for asset in data_source.assets:
            check_frame_file(asset_path(asset.data_uri))
        whole = HDF5Adapter.from_catalog(data_source, node, **parameters)
        return _leave_out(whole, skipped, data_source.structure) if skipped else whole

    @classmethod
    def from_uris(cls, *uris: str, skipped: Sequence[int] = (), **parameters: Any) -> Any:
        """Open files; their structure is what is in them.

        Raises
        ------
        CatalogError
            If a file takes data from another one.
        """
        for uri in uris:
            check_frame_file(asset_path(uri))
        whole = HDF5Adapter.from_uris(*uris, **parameters)
        return _leave_out(whole, skipped) if skipped else whole


def _leave_out(
    whole: HDF5ArrayAdapter, skipped: Sequence[int], structure: ArrayStructure | None = None
) -> HDF5ArrayAdapter:
    frames = whole._array
    kept = frames[np.setdiff1d(np.arange(len(frames)), skipped)]
    return HDF5ArrayAdapter(
        kept,
        structure or ArrayStructure.from_array(kept),
        metadata=whole.metadata(),
        specs=whole.specs,
    )
