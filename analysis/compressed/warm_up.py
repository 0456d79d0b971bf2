"""Compile before the first frame comes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..codecs import decode, encode
from ..reduce import Block, Reduction
from .frame_sums import FrameSums
from .pattern_maximum import PatternMaximum
from .pattern_total import PatternTotal
from .radial_sums import RadialSums


def warm_up(dtype: DTypeLike = np.uint16) -> None:
    """Compile codecs and reductions for frames of `dtype`: seconds once, then read from disk."""
    frames = np.zeros((1, 8, 8), dtype)
    chunk = encode(frames)
    decode(chunk)
    reductions: list[Reduction[Any]] = [
        FrameSums(np.ones((1, 8, 8), np.int64)),
        PatternTotal(8, 8),
        PatternMaximum(8, 8),
        RadialSums(np.zeros((8, 8), np.int64)),
    ]
    for reduction in reductions:
        for form in (frames, chunk):
            reduction.process(Block(0, form))
