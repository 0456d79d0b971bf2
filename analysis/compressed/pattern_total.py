"""The sum, and so the mean, of all diffraction patterns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..codecs.events import Gaps
from ..compiled import compiled
from ..reduce import Block, Frames


@dataclass(frozen=True)
class Total:
    """Counts of all frames, pixel by pixel.

    Attributes
    ----------
    frames
        How many.
    counts
        ``(ky, kx)``.
    """

    frames: int
    counts: NDArray[np.uint64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Counts a frame ``(ky, kx)``; NaN of no frames."""
        return self.counts / self.frames if self.frames else np.full(self.counts.shape, np.nan)


@dataclass(frozen=True)
class PatternTotal:
    """Sum of frames ``(ky, kx)``; exact up to 2**64 - 1 a pixel."""

    ky: int
    kx: int

    def init(self) -> Total:
        """Value of no frames."""
        return Total(0, np.zeros((self.ky, self.kx), np.uint64))

    def process(self, block: Block) -> Total:
        """Sum up one block."""
        opened = block.opened()
        if opened.shape[1:] != (self.ky, self.kx):
            raise ValueError(f"frames of {opened.shape[1:]} where {self.ky} x {self.kx} are expected")
        counts = np.zeros(self.ky * self.kx, np.uint64)
        if isinstance(opened, Gaps):
            _add_gaps(opened.stream, opened.lengths, counts)
        else:
            _add_frames(opened.reshape(len(opened), counts.size), counts)
        return Total(opened.shape[0], counts.reshape(self.ky, self.kx))

    def merge(self, states: Iterable[Total]) -> Total:
        """Put blocks together."""
        parts = list(states)
        counts = self.init().counts
        for part in parts:
            counts += part.counts
        return Total(sum(part.frames for part in parts), counts)


@compiled
def _add_frames(frames: Frames, counts: NDArray[np.uint64]) -> None:
    for f in range(len(frames)):
        for p in range(len(counts)):
            counts[p] += np.uint64(frames[f, p])


@compiled
def _add_gaps(stream: NDArray[np.uint8], lengths: NDArray[np.uint32], counts: NDArray[np.uint64]) -> None:
    start = np.int64(0)
    for f in range(len(lengths)):
        stop = start + np.int64(lengths[f])
        at = np.uint64(0)
        for gap in stream[start:stop]:
            at += np.uint64(gap)
            counts[at] += np.uint64(gap != 255)
        start = stop
