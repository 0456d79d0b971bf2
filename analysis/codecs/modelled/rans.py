"""Range asymmetric numeral systems (Duda, arXiv:1311.2540) on bytes with one static table.

Four states take turns, so that the processor works at four symbols at a time; words of 16 bits, as in
F. Giesen's `rans_word` (public domain).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...compiled import compiled
from ..header import CorruptChunk

BITS = 12
SCALE = 1 << BITS
LOW = 1 << 16
STATES = 4


def quantised(weights: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Turn expected numbers of 256 symbols into frequencies that sum to 4096; none that occurs gets 0."""
    scaled = SCALE * (weights / weights.sum())
    frequencies = np.where(weights > 0, np.maximum(np.rint(scaled), 1), 0).astype(np.int64)
    excess = int(frequencies.sum()) - SCALE
    # The most frequent ones make up for it, which costs least; never more than half of one.
    while excess:
        most = int(frequencies.argmax())
        step = max(min(excess, int(frequencies[most]) // 2), -SCALE)
        frequencies[most] -= step
        excess -= step
    return frequencies.astype(np.uint16)


def encode(symbols: NDArray[np.uint8], frequencies: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Encode, the length a multiple of four, to words: four states of two words each, then the rest."""
    # a word before the first is written ahead
    words = np.empty(len(symbols) + 2 * STATES + 1, np.uint16)
    starts = np.zeros(256, np.uint32)
    starts[1:] = np.cumsum(frequencies[:-1])
    first = _encode(symbols, frequencies.astype(np.uint32), starts, words)
    return words[first:]


def decode(words: NDArray[np.uint16], frequencies: NDArray[np.uint16], count: int) -> NDArray[np.uint8]:
    """Decode `count` symbols, a multiple of four.

    Raises
    ------
    CorruptChunk
        If words are missing or left over.
    """
    if int(frequencies.sum()) != SCALE:
        raise CorruptChunk(f"frequencies do not sum to {SCALE}")
    symbols = np.empty(count, np.uint8)
    # the kernel reads ahead
    padded = np.concatenate([words, np.zeros(STATES, np.uint16)])
    if len(words) < 2 * STATES or _decode(padded, _slots(frequencies), symbols) != len(words):
        raise CorruptChunk("coded symbols are cut off or damaged")
    return symbols


@compiled
def histogram(symbols: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count each of 256 symbols."""
    # four of each, since equal ones follow each other often, and would wait for each other
    counts = np.zeros((4, 256), np.int64)
    for i in range(len(symbols)):
        counts[i & 3, symbols[i]] += 1
    return counts[0] + counts[1] + counts[2] + counts[3]  # type: ignore[no-any-return]


@compiled
def _slots(frequencies: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """Give each slot: frequency - 1 (12 bits), place in the symbol's range (12 bits), symbol (8 bits)."""
    table = np.empty(4096, np.uint32)
    slot = 0
    for symbol in range(256):
        frequency = np.uint32(frequencies[symbol])
        for place in range(frequency):
            entry = (frequency - np.uint32(1)) << np.uint32(20)
            table[slot] = entry | (np.uint32(place) << np.uint32(8)) | np.uint32(symbol)
            slot += 1
    return table


@compiled
def _put(
    state: np.uint32,
    symbol: np.uint8,
    frequencies: NDArray[np.uint32],
    starts: NDArray[np.uint32],
    words: NDArray[np.uint16],
    at: np.uint64,
) -> tuple[np.uint32, np.uint64]:
    frequency = frequencies[symbol]
    # 2**16 / 2**12 * 2**16 states a unit of frequency
    words[at - np.uint64(1)] = state & np.uint32(0xFFFF)
    # without a branch: it could not be predicted
    full = np.uint64(state) >= np.uint64(frequency) << np.uint64(20)
    at -= np.uint64(full)
    state = np.uint32(state >> np.uint32(16)) if full else state
    quotient = np.uint32(state // frequency)
    return np.uint32((quotient << np.uint32(12)) + (state - quotient * frequency) + starts[symbol]), at


@compiled
def _encode(
    symbols: NDArray[np.uint8],
    frequencies: NDArray[np.uint32],
    starts: NDArray[np.uint32],
    words: NDArray[np.uint16],
) -> np.int64:
    a = b = c = d = np.uint32(65536)
    at = np.uint64(len(words))
    for i in range(len(symbols) - 4, -1, -4):
        d, at = _put(d, symbols[i + 3], frequencies, starts, words, at)
        c, at = _put(c, symbols[i + 2], frequencies, starts, words, at)
        b, at = _put(b, symbols[i + 1], frequencies, starts, words, at)
        a, at = _put(a, symbols[i], frequencies, starts, words, at)
    for state in (d, c, b, a):
        at -= np.uint64(2)
        words[at] = state & np.uint32(0xFFFF)
        words[at + np.uint64(1)] = state >> np.uint32(16)
    return np.int64(at)


@compiled
def _decode(words: NDArray[np.uint16], table: NDArray[np.uint32], symbols: NDArray[np.uint8]) -> np.int64:
    """Return how many words were used, or -1 if there are too few."""
    a = np.uint32(words[0]) | (np.uint32(words[1]) << np.uint32(16))
    b = np.uint32(words[2]) | (np.uint32(words[3]) << np.uint32(16))
    c = np.uint32(words[4]) | (np.uint32(words[5]) << np.uint32(16))
    d = np.uint32(words[6]) | (np.uint32(words[7]) << np.uint32(16))
    at = np.uint64(8)
    end = np.uint64(len(words) - 4)
    for i in range(0, len(symbols), 4):
        if at > end:
            return np.int64(-1)
        first = table[a & np.uint32(4095)]
        second = table[b & np.uint32(4095)]
        third = table[c & np.uint32(4095)]
        fourth = table[d & np.uint32(4095)]
        symbols[i] = first & np.uint32(255)
        symbols[i + 1] = second & np.uint32(255)
        symbols[i + 2] = third & np.uint32(255)
        symbols[i + 3] = fourth & np.uint32(255)
        a = _advanced(a, first)
        b = _advanced(b, second)
        c = _advanced(c, third)
        d = _advanced(d, fourth)
        a, at = _refilled(a, words, at)
        b, at = _refilled(b, words, at)
        c, at = _refilled(c, words, at)
        d, at = _refilled(d, words, at)
    return np.int64(at)


@compiled
def _advanced(state: np.uint32, entry: np.uint32) -> np.uint32:
    frequency = np.uint32((entry >> np.uint32(20)) + np.uint32(1))
    return np.uint32(frequency * (state >> np.uint32(12)) + ((entry >> np.uint32(8)) & np.uint32(4095)))


@compiled
def _refilled(state: np.uint32, words: NDArray[np.uint16], at: np.uint64) -> tuple[np.uint32, np.uint64]:
    # without a branch: it could not be predicted
    short = state < np.uint32(65536)
    longer = np.uint32((state << np.uint32(16)) | np.uint32(words[at]))
    return (longer if short else state), at + np.uint64(short)
