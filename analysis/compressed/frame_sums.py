"""Weighted sums of each frame's pixels: virtual detectors, and the moments for centres of mass."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..codecs.events import Gaps
from ..compiled import compiled
from ..reduce import Block, Frames
from .frame_values import FrameValues
from .packed_weights import CONSTANT, RUN, VARYING, PackedWeights, along_rows, pack

LARGEST = (1 << 32) - 1


class FrameSums:
    """For each frame and each of k weights the sum of weight times counts.

    Sums are exact as long as they are below 2**63, for pixels of 64 bits below 2**64 in each row of a frame.

    Parameters
    ----------
    weights
        ``(k, ky, kx)`` integers from 0 to 2**32 - 1: masks of detectors, pixel numbers.
    """

    def __init__(self, weights: NDArray[np.integer]) -> None:
        if weights.ndim != 3 or not weights.size or weights.min() < 0 or weights.max() > LARGEST:
            raise ValueError(f"weights {weights.shape}: give (k, ky, kx) integers from 0 to {LARGEST}")
        self.weights = np.ascontiguousarray(weights, np.uint32)

    def init(self) -> FrameValues:
        """Value of no frames."""
        return FrameValues()

    def process(self, block: Block) -> FrameValues:
        """Sum up one block."""
        opened = block.opened()
        if opened.shape[1:] != self.weights.shape[1:]:
            raise ValueError(f"frames of {opened.shape[1:]}, weights of {self.weights.shape[1:]}")
        sums = np.zeros((opened.shape[0], len(self.weights)), np.int64)
        if isinstance(opened, Gaps):
            packed = self._packed
            _of_gaps(
                opened.stream, opened.lengths, packed.table, packed.word, packed.shift, packed.mask, sums
            )
        else:
            self._of_frames(opened, sums)
        return FrameValues({block.start: sums})

    def merge(self, states: Iterable[FrameValues]) -> FrameValues:
        """Put blocks together."""
        return FrameValues.merged(states)

    @cached_property
    def _packed(self) -> PackedWeights:
        return pack(self.weights)

    @cached_property
    def _kinds(self) -> NDArray[np.uint8]:
        return along_rows(self.weights)

    def _of_frames(self, frames: Frames, sums: NDArray[np.int64]) -> None:
        largest = int(np.iinfo(frames.dtype).max) * max(int(self.weights.max()), 1)
        # So many products that their sum stays below 2**32.
        segment = LARGEST // largest
        if segment >= 16 and frames.itemsize < 4:
            _of_small_pixels(frames, self.weights, self._kinds, min(segment, 256), sums)
        else:
            _of_large_pixels(frames, self.weights, self._kinds, sums)


@compiled
def _of_small_pixels(
    frames: Frames,
    weights: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    segment: int,
    sums: NDArray[np.int64],
) -> None:
    """Sum up in 32 bits, which is what makes it quick, as far as they can't overflow."""
    n, ky, kx = frames.shape
    k = len(weights)
    for f in range(n):
        for y in range(ky):
            for begin in range(0, kx, segment):
                row = frames[f, y, begin : begin + segment]
                total = np.uint32(0)
                for x in range(len(row)):
                    total = np.uint32(total + row[x])
                for q in range(k):
                    if kinds[q, y] == CONSTANT:
                        sums[f, q] += np.int64(weights[q, y, 0]) * np.int64(total)
                    elif kinds[q, y] == VARYING:
                        weight = weights[q, y, begin : begin + segment]
                        product = np.uint32(0)
                        for x in range(len(row)):
                            product = np.uint32(product + np.uint32(np.uint32(row[x]) * weight[x]))
                        sums[f, q] += np.int64(product)


@compiled
def _of_large_pixels(
    frames: Frames, weights: NDArray[np.uint32], kinds: NDArray[np.uint8], sums: NDArray[np.int64]
) -> None:
    n, ky, kx = frames.shape
    for f in range(n):
        for y in range(ky):
            for q in range(len(weights)):
                if kinds[q, y]:
                    product = np.uint64(0)
                    for x in range(kx):
                        product += np.uint64(frames[f, y, x]) * np.uint64(weights[q, y, x])
                    sums[f, q] += np.int64(product)


@compiled
def _of_gaps(
    stream: NDArray[np.uint8],
    lengths: NDArray[np.uint32],
    table: NDArray[np.uint64],
    word: NDArray[np.int64],
    shift: NDArray[np.uint64],
    mask: NDArray[np.uint64],
    sums: NDArray[np.int64],
) -> None:
    start = np.int64(0)
    for f in range(len(lengths)):
        stop = start + np.int64(lengths[f])
        for w in range(len(table)):
            packed = table[w]
            at = np.uint64(0)
            begin = start
            while begin < stop:
                end = min(begin + RUN, stop)
                total = np.uint64(0)
                for gap in stream[begin:end]:
                    at += np.uint64(gap)
                    total += packed[at] if gap != 255 else np.uint64(0)
                for q in range(len(word)):
                    if word[q] == w:
                        sums[f, q] += np.int64((total >> shift[q]) & mask[q])
                begin = end
        start = stop
