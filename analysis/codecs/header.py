"""The 48 bytes before every payload: what it is, and whether it arrived whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

MAGIC = b"SLC1"
# Little-endian, no padding. A container's index has the same rows: a row and a payload make a chunk.
CHUNK_ROW = np.dtype(
    [
        ("magic", "S4"),
        ("form", "u1"),
        ("codec", "u1"),
        ("itemsize", "u1"),
        ("reserved", "u1"),
        ("frames", "<u4"),
        ("capacity", "<u4"),
        ("ky", "<u4"),
        ("kx", "<u4"),
        ("counts", "<u8"),
        ("size", "<u8"),
        ("payload_crc", "<u4"),
        ("header_crc", "<u4"),
    ]
)
SIZE = CHUNK_ROW.itemsize
ITEM_SIZES = (1, 2, 4, 8)
LARGEST = 1 << 34  # bytes of decoded frames; a chunk is made to fit into memory many times over


class CorruptChunk(ValueError):
    """Bytes that are not a whole, undamaged chunk; the message says what differs."""


class Form(IntEnum):
    """How a chunk holds its frames."""

    DENSE = 1
    EVENTS = 2
    MODELLED = 3


@dataclass(frozen=True)
class Header:
    """What a chunk holds.

    Attributes
    ----------
    form, codec
        How it holds it; `codec` is a number of that form.
    itemsize
        Of the unsigned pixels [bytes].
    frames
        How many frames.
    capacity
        How many the payload decodes to: those after `frames` are padding.
    ky, kx
        Shape of a frame [px].
    counts
        Sum of all pixels of all frames, modulo 2**64.
    size, payload_crc
        Bytes that follow the header, and their CRC-32.
    """

    form: Form
    codec: int
    itemsize: int
    frames: int
    capacity: int
    ky: int
    kx: int
    counts: int
    size: int
    payload_crc: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(frames, ky, kx)``."""
        return (self.frames, self.ky, self.kx)

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """Type of a pixel, little-endian."""
        return np.dtype(f"<u{self.itemsize}")

    def to_bytes(self) -> bytes:
        """Return the 48 bytes."""
        row = np.zeros((), CHUNK_ROW)
        row["magic"] = MAGIC
        for name in self.__dataclass_fields__:
            row[name] = getattr(self, name)
        unsigned = row.tobytes()[:-4]
        return unsigned + zlib.crc32(unsigned).to_bytes(4, "little")

    def check(self, payload: memoryview | bytes) -> None:
        """Compare a payload with what the header says of it.

        Raises
        ------
        CorruptChunk
            If it is shorter, longer or damaged.
        """
        if len(payload) != self.size:
            raise CorruptChunk(f"payload of {len(payload)} bytes where the header says {self.size}")
        if zlib.crc32(payload) != self.payload_crc:
            raise CorruptChunk("payload is damaged: its CRC-32 differs from the header's")


def read_header(data: bytes | memoryview) -> Header:
    """Read the header at the beginning of `data`.

    Raises
    ------
    CorruptChunk
        If it is cut off, damaged, or of something else.
    """
    if len(data) < SIZE:
        raise CorruptChunk(f"{len(data)} bytes are too few for a header of {SIZE}")
    head = bytes(data[:SIZE])
    if head[:4] != MAGIC:
        raise CorruptChunk(f"begins with {head[:4]!r}, not with {MAGIC!r}: no chunk, or of another version")
    if zlib.crc32(head[:-4]) != int.from_bytes(head[-4:], "little"):
        raise CorruptChunk("header is damaged: its CRC-32 differs")
    row: NDArray[np.void] = np.frombuffer(head, CHUNK_ROW)[0]
    fields = {name: int(row[name]) for name in Header.__dataclass_fields__}
    return _plausible(fields)


def split_chunks(data: bytes | memoryview) -> Iterator[memoryview]:
    """Split what are chunks one after another, as the catalog sends them.

    Raises
    ------
    CorruptChunk
        If a header is damaged, or the last chunk is cut off.
    """
    rest = memoryview(data)
    while len(rest):
        length = SIZE + read_header(rest).size
        if length > len(rest):
            raise CorruptChunk(f"cut off: {len(rest)} of {length} bytes")
        yield rest[:length]
        rest = rest[length:]


def _plausible(fields: dict[str, int]) -> Header:
    """Refuse what no encoder writes, before anything is allocated for it."""
    try:
        form = Form(fields["form"])
    except ValueError:
        raise CorruptChunk(f"form {fields['form']} is unknown: written by a newer version?") from None
    header = Header(**{**fields, "form": form})  # type: ignore[arg-type]
    decoded = header.capacity * header.ky * header.kx * header.itemsize
    if header.itemsize not in ITEM_SIZES or header.frames > header.capacity or decoded > LARGEST:
        raise CorruptChunk(
            f"{header.frames} of {header.capacity} frames of {header.ky} x {header.kx} pixels of "
            f"{header.itemsize} bytes can't be"
        )
    return header
