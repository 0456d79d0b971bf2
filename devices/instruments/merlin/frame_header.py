"""The header in front of each frame: comma-separated text, "MQ1,000001,00384,01,0256,0256,U16,..."."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Whole numbers, big-endian. "R64", the order of the chip's own readout, is set not to come.
DTYPES = {"U08": ">u1", "U16": ">u2", "U32": ">u4"}


@dataclass(frozen=True)
class FrameHeader:
    """What a frame says of itself.

    Attributes
    ----------
    sequence
        Number of the frame in the acquisition, from 1.
    offset
        Bytes before the pixels.
    shape
        ``(ky, kx)``.
    dtype
        As it is sent.
    """

    sequence: int
    offset: int
    shape: tuple[int, int]
    dtype: np.dtype[np.generic]

    @property
    def size(self) -> int:
        """Bytes of header and pixels."""
        return self.offset + self.shape[0] * self.shape[1] * self.dtype.itemsize


def parse_frame_header(data: bytes) -> FrameHeader:
    """Read the start of a frame.

    Raises
    ------
    ValueError
        If it is no frame, or of a format that can't be read.
    """
    fields = data[:128].split(b",")
    if fields[0] != b"MQ1" or len(fields) < 8:
        raise ValueError(f"no frame begins with {data[:16]!r}")
    kind = fields[6].decode("ascii")
    if kind not in DTYPES:
        raise ValueError(f"pixels of kind {kind!r} can't be read: set Merlin's FILEFORMAT to 0")
    return FrameHeader(
        sequence=int(fields[1]),
        offset=int(fields[2]),
        shape=(int(fields[5]), int(fields[4])),
        dtype=np.dtype(DTYPES[kind]),
    )
