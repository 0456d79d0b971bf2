"""How many electrons a block of frames holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..compiled import compiled

Frames = NDArray[np.unsignedinteger]


def total(frames: Frames) -> int:
    """Sum of all pixels of C-contiguous `frames`, exact."""
    if frames.itemsize < 4:
        return int(_total_of_small(frames.ravel()))
    # halves, whose sums do not wrap around
    low = int((frames & np.uint32(0xFFFFFFFF)).sum(dtype=np.uint64))
    return low if frames.itemsize == 4 else low + (int((frames >> np.uint64(32)).sum(dtype=np.uint64)) << 32)


@compiled
def _total_of_small(pixels: Frames) -> np.int64:
    """In 32 bits, which is quick, as far as they can't overflow."""
    counts = np.int64(0)
    for begin in range(0, len(pixels), 65536):
        part = pixels[begin : begin + 65536]
        some = np.uint32(0)
        for i in range(len(part)):
            some = np.uint32(some + part[i])
        counts += np.int64(some)
    return counts
