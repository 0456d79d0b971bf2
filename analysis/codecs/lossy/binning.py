"""Sum squares of pixels: no electron is lost, only where in its square it fell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.unsignedinteger]


def binned(frames: Frames, factor: int) -> Frames:
    """Sum `factor` x `factor` pixels of frames ``(n, ky, kx)``.

    Counts are exact. Each electron moves by at most ``(factor - 1) / 2`` px along an axis, to the middle of
    its square, and so does a frame's centre of mass at worst.

    Raises
    ------
    ValueError
        If ky or kx is no multiple of `factor`.
    OverflowError
        If a sum does not fit the frames' type.
    """
    n, ky, kx = frames.shape
    if factor < 1 or ky % factor or kx % factor:
        raise ValueError(f"frames of {ky} x {kx} pixels can't be binned by {factor}")
    sums = frames.reshape(n, ky // factor, factor, kx // factor, factor).sum(axis=(2, 4), dtype=np.uint64)
    if sums.size and int(sums.max()) > int(np.iinfo(frames.dtype).max):
        raise OverflowError(
            f"binned by {factor}, a pixel has {sums.max()} counts: too many for {frames.dtype}"
        )
    summed: Frames = sums.astype(frames.dtype)
    return summed
