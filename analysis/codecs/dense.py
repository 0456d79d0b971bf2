"""Every pixel, bit-shuffled and compressed by Blosc2, as HDF5's Blosc2 filter (32026) has it."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import blosc2
import numpy as np
from numpy.typing import NDArray

from .header import CorruptChunk, Header

Frames = NDArray[np.unsignedinteger]


class DenseCodec(IntEnum):
    """Which compressor packs the shuffled bits."""

    LIVE = 1  # LZ4
    ARCHIVE = 2  # zstd


# Level 5 of LZ4 and 1 of zstd: higher ones take twice the time for a hundredth.
_SETTINGS = {DenseCodec.LIVE: (blosc2.Codec.LZ4, 5), DenseCodec.ARCHIVE: (blosc2.Codec.ZSTD, 1)}


def pack_dense(frames: Frames, codec: DenseCodec) -> bytes:
    """Compress C-contiguous `frames` ``(n, ky, kx)`` to a Blosc2 frame of one chunk; on one thread."""
    compressor, level = _SETTINGS[codec]
    parameters: dict[str, Any] = {
        "codec": compressor,
        "clevel": level,
        "typesize": frames.itemsize,
        "filters": [blosc2.Filter.BITSHUFFLE],
        "filters_meta": [0],
        "nthreads": 1,
    }
    packed = blosc2.SChunk(chunksize=frames.nbytes, data=frames, cparams=parameters, contiguous=True)
    return bytes(packed.to_cframe())


def unpack_dense(payload: bytes | memoryview, header: Header) -> Frames:
    """Decompress to ``(capacity, ky, kx)``.

    Raises
    ------
    CorruptChunk
        If Blosc2 can't, or finds another number of bytes.
    """
    frames = np.empty((header.capacity, header.ky, header.kx), header.dtype)
    try:
        packed = blosc2.schunk_from_cframe(bytes(payload), copy=False)
        if packed.nchunks != 1 or packed.nbytes != frames.nbytes:
            raise CorruptChunk(
                f"payload holds {packed.nbytes} bytes of frames where the header says {frames.nbytes}"
            )
        packed.decompress_chunk(0, frames)
    except (RuntimeError, ValueError, TypeError) as error:
        if isinstance(error, CorruptChunk):
            raise
        raise CorruptChunk(f"payload can't be decompressed by Blosc2: {error}") from error
    return frames
