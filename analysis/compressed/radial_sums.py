"""Counts of each frame in rings: the radial profile."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..codecs.events import Gaps
from ..compiled import compiled
from ..reduce import Block, Frames
from .frame_values import FrameValues


class RadialSums:
    """For each frame the counts in each ring; divided by `areas` they are the radial profile.

    Parameters
    ----------
    rings
        ``(ky, kx)`` number of the ring that a pixel belongs to, from 0; negative: to none. See
        `virtual_detectors.rings`.
    """

    def __init__(self, rings: NDArray[np.integer]) -> None:
        self._shape = rings.shape
        self._count = max(int(rings.max()) + 1, 0)
        # One more for pixels of no ring: nothing to decide in the loop.
        self._of = np.where(rings < 0, self._count, rings).astype(np.int32).ravel()

    @property
    def areas(self) -> NDArray[np.int64]:
        """Pixels of each ring."""
        return np.bincount(self._of, minlength=self._count + 1)[: self._count]

    def init(self) -> FrameValues:
        """Value of no frames."""
        return FrameValues()

    def process(self, block: Block) -> FrameValues:
        """Sum up one block."""
        opened = block.opened()
        if opened.shape[1:] != self._shape:
            raise ValueError(f"frames of {opened.shape[1:]}, rings of {self._shape}")
        sums = np.zeros((opened.shape[0], self._count + 1), np.int64)
        if isinstance(opened, Gaps):
            _of_gaps(opened.stream, opened.lengths, self._of, sums)
        else:
            _of_frames(opened.reshape(len(opened), self._of.size), self._of, sums)
        return FrameValues({block.start: sums[:, : self._count]})

    def merge(self, states: Iterable[FrameValues]) -> FrameValues:
        """Put blocks together."""
        return FrameValues.merged(states)


@compiled
def _of_frames(frames: Frames, ring: NDArray[np.int32], sums: NDArray[np.int64]) -> None:
    for f in range(len(frames)):
        for p in range(len(ring)):
            sums[f, ring[p]] += np.int64(frames[f, p])


@compiled
def _of_gaps(
    stream: NDArray[np.uint8],
    lengths: NDArray[np.uint32],
    ring: NDArray[np.int32],
    sums: NDArray[np.int64],
) -> None:
    start = np.int64(0)
    for f in range(len(lengths)):
        stop = start + np.int64(lengths[f])
        at = np.uint64(0)
        for gap in stream[start:stop]:
            at += np.uint64(gap)
            sums[f, ring[at]] += gap != 255
        start = stop
