"""What acquisition functions look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Outlook:
    """A model's view of the n candidates that may be chosen.

    Attributes
    ----------
    mean, sigma
        Of the noiseless scalar, ``(n,)`` each.
    best
        Largest mean at a measured point.
    bests
        Draws what the largest noiseless value at a measured point may be, ``(k,)``.
    path
        Draws what the scalar may be everywhere, jointly, ``(n,)``.
    """

    mean: NDArray[np.float64]
    sigma: NDArray[np.float64]
    best: float
    bests: Callable[[], NDArray[np.float64]]
    path: Callable[[], NDArray[np.float64]]
