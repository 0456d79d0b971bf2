"""Integer weights of pixels, in the two forms that compiled loops want them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Electrons between two times that packed sums are taken apart: few bits for the sums, and rarely done.
RUN_BITS = 11
RUN = 1 << RUN_BITS
# How a weight goes along a row of pixels.
NOTHING, CONSTANT, VARYING = 0, 1, 2


@dataclass(frozen=True)
class PackedWeights:
    """Several small sums in one 64-bit word: one look-up and one addition an electron make them all.

    Attributes
    ----------
    table
        ``(words, pixels)``.
    word, shift, mask
        ``(k,)`` where each weight's sum is.
    """

    table: NDArray[np.uint64]
    word: NDArray[np.int64]
    shift: NDArray[np.uint64]
    mask: NDArray[np.uint64]


def pack(weights: NDArray[np.uint32]) -> PackedWeights:
    """Pack ``(k, ky, kx)`` weights, so that sums over `RUN` electrons do not touch each other."""
    flat = weights.reshape(len(weights), -1).astype(np.uint64)
    bits = [max(int(row.max()).bit_length(), 1) + RUN_BITS for row in flat]
    word, shift, used = [], [], [0]
    for width in bits:
        if used[-1] + width > 64:
            used.append(0)
        word.append(len(used) - 1)
        shift.append(used[-1])
        used[-1] += width
    table = np.zeros((len(used), flat.shape[1]), np.uint64)
    for row, w, s in zip(flat, word, shift, strict=True):
        table[w] |= row << np.uint64(s)
    masks = [(1 << width) - 1 for width in bits]
    return PackedWeights(table, np.array(word), np.array(shift, np.uint64), np.array(masks, np.uint64))


def along_rows(weights: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Say of each row of each weight whether it is zero, constant or neither, ``(k, ky)``."""
    constant = (weights == weights[:, :, :1]).all(axis=2)
    kinds = np.where(constant, np.where(weights[:, :, 0] == 0, NOTHING, CONSTANT), VARYING)
    return kinds.astype(np.uint8)
