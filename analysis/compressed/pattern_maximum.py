"""The largest count of each pixel: weak reflections that few frames have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..codecs.events import Gaps
from ..compiled import compiled
from ..reduce import Block


@dataclass(frozen=True)
class PatternMaximum:
    """Maximum over frames ``(ky, kx)``; zeros of no frames."""

    ky: int
    kx: int

    def init(self) -> NDArray[np.uint64]:
        """Value of no frames."""
        return np.zeros((self.ky, self.kx), np.uint64)

    def process(self, block: Block) -> NDArray[np.uint64]:
        """Find the maximum of one block."""
        opened = block.opened()
        if opened.shape[1:] != (self.ky, self.kx):
            raise ValueError(f"frames of {opened.shape[1:]} where {self.ky} x {self.kx} are expected")
        if not isinstance(opened, Gaps):
            largest: NDArray[np.uint64] = opened.max(axis=0, initial=0).astype(np.uint64)
            return largest
        found = np.zeros(self.ky * self.kx, np.uint64)
        _of_gaps(opened.stream, opened.lengths, found)
        return found.reshape(self.ky, self.kx)

    def merge(self, states: Iterable[NDArray[np.uint64]]) -> NDArray[np.uint64]:
        """Put blocks together."""
        found = self.init()
        for part in states:
            np.maximum(found, part, out=found)
        return found


@compiled
def _of_gaps(stream: NDArray[np.uint8], lengths: NDArray[np.uint32], found: NDArray[np.uint64]) -> None:
    start = np.int64(0)
    for f in range(len(lengths)):
        stop = start + np.int64(lengths[f])
        at = 0
        same = np.uint64(0)
        for i in range(start, stop):
            gap = stream[i]
            at += gap
            if gap == 255:
                same = np.uint64(0)
                continue
            same = same + np.uint64(1) if gap == 0 else np.uint64(1)
            found[at] = max(found[at], same)
        start = stop
