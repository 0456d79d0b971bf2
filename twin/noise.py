"""Counting noise of a detector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ELECTRON_CHARGE = 1.602_176_634e-19  # [C]


def electrons(current: float, time: float) -> float:
    """Electrons in a beam of `current` [pA] in `time` [s]."""
    return current * 1e-12 * time / ELECTRON_CHARGE


def counts(
    expected: NDArray[np.float64], rng: np.random.Generator, saturation: int = 2**32 - 1
) -> NDArray[np.uint32]:
    """Poisson counts around `expected`, same shape, clipped at `saturation`."""
    return np.minimum(rng.poisson(expected), saturation).astype(np.uint32)
