"""Optimism in the face of uncertainty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OPTIMISM = 2.0  # standard deviations: what is above is unlikely


def upper_confidence_bound(
    mean: NDArray[np.float64], sigma: NDArray[np.float64], optimism: float = OPTIMISM
) -> NDArray[np.float64]:
    """Return ``mean + optimism * sigma``, ``(n,)`` in the unit of the scalar.

    N. Srinivas, A. Krause, S. Kakade, M. Seeger, ICML 2010, arXiv:0912.3995.
    """
    return mean + optimism * sigma
