"""How likely a candidate beats the best so far, by whatever little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

MARGIN = 0.1  # standard deviations of `mean`: without one it never leaves the best point's surroundings
TINY = 1e-300


def probability_of_improvement(
    mean: NDArray[np.float64], sigma: NDArray[np.float64], best: float, margin: float = MARGIN
) -> NDArray[np.float64]:
    """Return ``Phi((mean - best - margin * spread) / sigma)``, ``(n,)``, spread that of the `mean`.

    H. J. Kushner, J. Basic Eng. 86, 97 (1964).
    """
    better = best + margin * float(np.std(mean))
    return np.asarray(ndtr((mean - better) / np.maximum(sigma, TINY)))
