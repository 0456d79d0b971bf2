"""Which objects a container has: all of them are made before the first frame, as single-writer mode asks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import h5py
import hdf5plugin
import numpy as np

from ..codecs import CHUNK_ROW, DenseCodec

MIMETYPE = "application/x-stemline-frames"
FORMAT, VERSION = "stemline-frames", 1
DATA, CHUNKS, COMPLETE, METADATA = "/entry/data/data", "/entry/chunks", "/entry/complete", "/entry/metadata"
_COMPRESSORS: dict[DenseCodec, tuple[Any, int]] = {
    DenseCodec.LIVE: ("lz4", 5),
    DenseCodec.ARCHIVE: ("zstd", 1),
}


class ContainerError(ValueError):
    """A file is no container, or lacks what was asked for; the message names the file."""


@dataclass(frozen=True)
class Calibration:
    """Where the pixels of one detector axis are: ``offset + scale * pixel`` [unit].

    Attributes
    ----------
    offset, scale
        Of pixel 0, and from a pixel to the next.
    unit
        Of both, for example ``mrad``.
    """

    offset: float
    scale: float
    unit: str


def lay_out(
    file: h5py.File,
    *,
    shape: tuple[int, int],
    dtype: np.dtype[np.unsignedinteger],
    chunk_frames: int,
    codec: DenseCodec,
    calibration: Mapping[str, Calibration],
    metadata: Mapping[str, Any],
) -> None:
    """Make every object of an empty file."""
    made = datetime.now(UTC).isoformat()
    file.attrs.update({"format": FORMAT, "version": VERSION, "default": "entry"})
    entry = file.create_group("entry")
    entry.attrs.update({"NX_class": "NXentry", "default": "data", "start_time": made})
    entry.attrs["program_name"], entry.attrs["program_version"] = "stemline", version("stemline")
    entry.create_dataset("metadata", data=json.dumps(dict(metadata), sort_keys=True))
    entry.create_dataset("complete", data=np.zeros(1, np.uint8))
    entry.create_dataset("chunks", (0,), CHUNK_ROW, maxshape=(None,), chunks=(1024,))
    group = entry.create_group("data")
    axes = [name if name in calibration else "." for name in ("ky", "kx")]
    group.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": [".", *axes]})
    for name, size in zip(("ky", "kx"), shape, strict=True):
        if name in calibration:
            axis = calibration[name]
            made_axis = group.create_dataset(name, data=axis.offset + axis.scale * np.arange(size))
            made_axis.attrs.update({"units": axis.unit, "offset": axis.offset, "scale": axis.scale})
    compressor, level = _COMPRESSORS[codec]
    # The filter is for readers: chunks are encoded by us and written as they are.
    blosc = hdf5plugin.Blosc2(cname=compressor, clevel=level, filters=hdf5plugin.Blosc2.BITSHUFFLE)
    group.create_dataset(
        "data",
        (0, *shape),
        dtype,
        maxshape=(None, *shape),
        chunks=(chunk_frames, *shape),
        **blosc,
    ).attrs["units"] = "counts"


def reason(error: Exception) -> str:
    """Find the system's words in what h5py tells of HDF5's internals."""
    text = " ".join(str(error).split())
    words = re.search(r"error message = '([^']*)'", text)
    return words[1] if words else text
