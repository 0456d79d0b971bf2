"""From the pixels of a class to bytes with few enough values for a table, and back.

Rare electrons become gaps, as in `events`, running on from frame to frame; what 255 is there depends on how
rare they are. Where there are more, a byte holds four pixels of up to 2 electrons, two of up to 14, or one of
up to 254 (of its upper bits, if there are many more). The next value says that there are more: the rest goes
into a stream of exceptions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...compiled import compiled

Frames = NDArray[np.unsignedinteger]
GAPS, FOURS, PAIRS, ONES = 0, 1, 2, 3
# Mean electrons a pixel up to which each way is used; beyond the last, lower bits go as they are.
GAPS_BELOW, FOURS_BELOW, PAIRS_BELOW, ONES_BELOW = 0.25, 0.6, 4.0, 100.0


@dataclass(frozen=True)
class Way:
    """How a class is written.

    Attributes
    ----------
    kind
        GAPS, FOURS, PAIRS or ONES.
    lower
        Bits of a pixel that are written as they are (ONES); of GAPS the symbol that means so many pixels on.
    """

    kind: int
    lower: int

    @property
    def each(self) -> int:
        """Pixels a symbol."""
        return {GAPS: 0, FOURS: 4, PAIRS: 2, ONES: 1}[self.kind]

    @property
    def bits(self) -> int:
        """Bits a pixel has in a symbol."""
        return 8 // self.each if self.each else 0


def way_for(mean: float, pixels: int) -> Way:
    """Choose by the mean number of electrons; several pixels a symbol only if the class's size allows it."""
    if mean < GAPS_BELOW:
        # One gap in 250 is longer: few symbols leave the table room for exact chances.
        return Way(GAPS, int(np.clip(5.5 / max(mean, 1e-9), 8, 255)))
    if pixels % 4 == 0 and mean < PAIRS_BELOW:
        return Way(FOURS if mean < FOURS_BELOW else PAIRS, 0)
    return Way(ONES, int(np.clip(np.ceil(np.log2(mean / ONES_BELOW)), 0, 56)))


@compiled
def class_sums(
    frames: Frames, offsets: NDArray[np.int64], order: NDArray[np.uint32], bounds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sum up the pixels of each class, over every eighth frame ``(n, pixels)``: enough to choose a way by."""
    area = frames.shape[1]
    sums = np.zeros(len(bounds) - 1)
    of = np.empty(area, np.int32)
    for c in range(len(bounds) - 1):
        for j in range(bounds[c], bounds[c + 1]):
            of[order[j]] = c
    for f in range(0, len(frames), 8):
        for p in range(area):
            value = frames[f, p]
            if value:
                moved = p - offsets[f]
                sums[of[moved if moved >= 0 else moved + area]] += float(value)
    return sums


@compiled
def _place(pixel: np.uint32, offset: np.int64, area: int) -> np.uint64:
    moved = np.int64(pixel) + offset
    return np.uint64(moved if moved < area else moved - area)


@compiled
def write_gaps(
    frames: Frames,
    offsets: NDArray[np.int64],
    pixels: NDArray[np.uint32],
    skip: int,
    symbols: NDArray[np.uint8],
) -> np.int64:
    """Return the number of symbols, or -1 if there is no room for them."""
    area = frames.shape[1]
    at = np.int64(0)
    gap = np.int64(0)
    room = len(symbols) - 8
    hit = np.empty(len(pixels) + 1, np.uint32)
    values = np.empty(len(pixels) + 1, frames.dtype)
    for f in range(len(frames)):
        row = frames[f]
        hits = np.uint64(0)
        for j in range(len(pixels)):
            # without a branch: it could not be predicted
            value = row[_place(pixels[j], offsets[f], area)]
            hit[hits] = j
            values[hits] = value
            hits += np.uint64(value != 0)
        last = -gap
        for h in range(hits):
            gap = np.int64(hit[h]) - last
            # each alone: the sum could wrap around
            free = np.uint64(room - at)
            skips = np.uint64(gap // skip)
            if np.uint64(values[h]) > free or skips > free - np.uint64(values[h]):
                return np.int64(-1)
            while gap >= skip:
                symbols[at] = skip
                at += 1
                gap -= skip
            symbols[at] = gap
            at += 1
            for _ in range(1, np.int64(values[h])):
                symbols[at] = 0
                at += 1
            last = np.int64(hit[h])
        gap = np.int64(len(pixels)) - last
    return at


@compiled
def read_gaps(
    symbols: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    pixels: NDArray[np.uint32],
    skip: int,
    frames: Frames,
) -> bool:
    """Add electrons to zeros; false if they lie outside."""
    area = frames.shape[1]
    size = np.int64(len(pixels))
    at = np.int64(0)
    f = np.int64(0)
    for i in range(len(symbols)):
        at += np.int64(symbols[i])
        while at >= size:
            at -= size
            f += 1
            if f >= len(frames):
                return False
        if symbols[i] != skip:
            frames[f, _place(pixels[at], offsets[f], area)] += 1
    return True


@compiled
def write_values(
    frames: Frames,
    offsets: NDArray[np.int64],
    pixels: NDArray[np.uint32],
    bits: int,
    lower: int,
    symbols: NDArray[np.uint8],
    rest: NDArray[np.uint64],
    low: NDArray[np.uint64],
) -> np.int64:
    """Fill symbols; return the number of exceptions in `rest`. `low` gets each pixel's lower bits."""
    area = frames.shape[1]
    top = np.uint64((1 << bits) - 1)
    mask = np.uint64((1 << lower) - 1)
    each = 8 // bits
    at = np.int64(0)
    more = np.int64(0)
    place = np.int64(0)
    for f in range(len(frames)):
        row = frames[f]
        for j in range(0, len(pixels), each):
            symbol = np.uint64(0)
            for q in range(each):
                value = np.uint64(row[_place(pixels[j + q], offsets[f], area)])
                if lower:
                    low[place] = value & mask
                    place += 1
                    value >>= np.uint64(lower)
                if value >= top:
                    rest[more] = value - top
                    more += 1
                    value = top
                symbol |= value << np.uint64(bits * q)
            symbols[at] = symbol
            at += 1
    return more


@compiled
def read_values(
    symbols: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    pixels: NDArray[np.uint32],
    bits: int,
    lower: int,
    rest: NDArray[np.uint64],
    low: NDArray[np.uint64],
    frames: Frames,
) -> bool:
    """Set pixels; false if exceptions are missing or left over."""
    area = frames.shape[1]
    top = np.uint64((1 << bits) - 1)
    each = 8 // bits
    at = np.int64(0)
    more = np.int64(0)
    place = np.int64(0)
    for f in range(len(frames)):
        row = frames[f]
        for j in range(0, len(pixels), each):
            symbol = np.uint64(symbols[at])
            at += 1
            for q in range(each):
                value = (symbol >> np.uint64(bits * q)) & top
                if value == top:
                    if more >= len(rest):
                        return False
                    value += rest[more]
                    more += 1
                if lower:
                    value = (value << np.uint64(lower)) | low[place]
                    place += 1
                row[_place(pixels[j + q], offsets[f], area)] = value
    return bool(more == len(rest))
