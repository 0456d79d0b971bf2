"""Optimism of one who looks for the smallest value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .upper_confidence_bound import OPTIMISM


def lower_confidence_bound(
    mean: NDArray[np.float64], sigma: NDArray[np.float64], optimism: float = OPTIMISM
) -> NDArray[np.float64]:
    """Return ``optimism * sigma - mean``, ``(n,)``: largest where the lower bound of the scalar is lowest.

    D. D. Cox, S. John, IEEE SMC 1992, doi:10.1109/ICSMC.1992.271617.
    """
    return optimism * sigma - mean
