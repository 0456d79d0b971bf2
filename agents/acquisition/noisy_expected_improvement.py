"""Expected improvement when nobody knows what the best so far is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .expected_improvement import expected_improvement


def noisy_expected_improvement(
    mean: NDArray[np.float64], sigma: NDArray[np.float64], bests: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean of `expected_improvement` over what the best noiseless value may be, ``(n,)``.

    B. Letham, B. Karrer, G. Ottoni, E. Bakshy, Bayesian Anal. 14, 495 (2019), arXiv:1706.07094, with the
    prediction at the candidates left as it is (they condition it on each draw too).

    Parameters
    ----------
    mean, sigma
        Predicted for the noiseless scalar, ``(n,)`` each.
    bests
        Largest value of each of k joint draws of the noiseless scalar at the measured points, ``(k,)``.
    """
    total = np.zeros(len(mean))
    for best in bests:
        total += expected_improvement(mean, sigma, float(best))
    return total / len(bests)
