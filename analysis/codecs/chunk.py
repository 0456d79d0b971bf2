"""From a block of frames to bytes and back, in the form that its electrons ask for."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from .counting import total
from .dense import DenseCodec, pack_dense, unpack_dense
from .events import GAPS_ZSTD, Gaps, expand, pack_gaps, scan, unpack_gaps
from .header import SIZE, CorruptChunk, Form, Header, read_header

Frames = NDArray[np.unsignedinteger]
# Mean electrons a pixel up to which events are smaller, and quicker to reduce, than every pixel (measured:
# benchmarks/README.md).
SPARSE = 0.4


def encode(frames: Frames, codec: DenseCodec = DenseCodec.LIVE, *, capacity: int | None = None) -> bytes:
    """Encode frames: as events up to 0.4 electrons a pixel, else every pixel, compressed.

    Parameters
    ----------
    frames
        ``(n, ky, kx)`` of an unsigned integer type: electrons, or the detector's units.
    codec
        For every pixel: `DenseCodec.LIVE` at a detector's speed, `DenseCodec.ARCHIVE` a fifth smaller.
    capacity
        Frames that a dense payload is padded to with zeros: HDF5 has chunks of one size only.

    Returns
    -------
    48 bytes of `Header` and the payload; see docs/reference/encoded-chunks.md.

    Raises
    ------
    TypeError, ValueError
        If the frames have another type or shape, or there are more of them than `capacity`.
    """
    frames = _plain(frames)
    count, ky, kx = frames.shape
    capacity = count if capacity is None else capacity
    if count > capacity:
        raise ValueError(f"{count} frames do not fit into a chunk of {capacity}")
    gaps = _sparse(frames)
    if gaps is not None:
        counts = int(gaps.electrons.sum(dtype=np.uint64))
        return _chunk(Form.EVENTS, GAPS_ZSTD, frames, capacity, counts, pack_gaps(gaps))
    padded = frames
    if count < capacity:
        padded = np.zeros((capacity, ky, kx), frames.dtype)
        padded[:count] = frames
    counts = total(frames) % (1 << 64)
    return _chunk(Form.DENSE, codec, frames, capacity, counts, pack_dense(padded, codec))


def decode(chunk: bytes | memoryview) -> Frames:
    """Decode to frames ``(n, ky, kx)``.

    Raises
    ------
    CorruptChunk
        If the chunk is cut off, damaged, or not a chunk.
    """
    header, content = open_chunk(chunk)
    return content if isinstance(content, np.ndarray) else expand(content, header.dtype)


def open_chunk(chunk: bytes | memoryview) -> tuple[Header, Frames | Gaps]:
    """Decode no further than needed: every pixel to frames, events to gaps.

    Raises
    ------
    CorruptChunk
        If the chunk is cut off, damaged, or not a chunk.
    """
    header = read_header(chunk)
    payload = memoryview(chunk)[SIZE:]
    header.check(payload)
    if header.form is Form.EVENTS and header.codec == GAPS_ZSTD:
        return header, unpack_gaps(payload, header)
    if header.form is Form.DENSE and header.codec in tuple(DenseCodec):
        return header, unpack_dense(payload, header)[: header.frames]
    if header.form is Form.MODELLED:
        raise CorruptChunk(
            "encoded with a model of the pattern: decode it with codecs.modelled and this model"
        )
    raise CorruptChunk(
        f"codec {header.codec} of form {header.form.name} is unknown: written by a newer version?"
    )


def _plain(frames: Frames) -> Frames:
    if frames.dtype.kind != "u":
        raise TypeError(f"frames of {frames.dtype}: only unsigned integers can be encoded")
    if frames.ndim != 3 or 0 in frames.shape[1:]:
        raise ValueError(f"frames of shape {frames.shape}: give (n, ky, kx) with pixels")
    return np.ascontiguousarray(frames, frames.dtype.newbyteorder("<"))


def _sparse(frames: Frames) -> Gaps | None:
    limit = int(SPARSE * frames.size)
    # One frame tells of most blocks what they are, before all are looked at.
    if len(frames) and total(frames[:1]) > SPARSE * frames[0].size and total(frames) > limit:
        return None
    return scan(frames, limit)


def _chunk(form: Form, codec: int, frames: Frames, capacity: int, counts: int, payload: bytes) -> bytes:
    header = Header(
        form=form,
        codec=int(codec),
        itemsize=frames.itemsize,
        frames=len(frames),
        capacity=capacity,
        ky=frames.shape[1],
        kx=frames.shape[2],
        counts=counts,
        size=len(payload),
        payload_crc=zlib.crc32(payload),
    )
    return header.to_bytes() + payload
