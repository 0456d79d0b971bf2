"""Expected improvement over the best value so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

TINY = 1e-300  # a certain value improves by what it exceeds the best by, without dividing by 0
FAR = 38.0  # |z| beyond which phi is below the smallest normal number


def expected_improvement(
    mean: NDArray[np.float64], sigma: NDArray[np.float64], best: float
) -> NDArray[np.float64]:
    """Expect ``E[max(f - best, 0)] = (mean - best) Phi(z) + sigma phi(z)``.

    ``z = (mean - best) / sigma``; Phi and phi are the standard normal's distribution and density.
    D. R. Jones, M. Schonlau, W. J. Welch, J. Global Optim. 13, 455 (1998), eq. 15.

    Parameters
    ----------
    mean, sigma
        Predicted for the noiseless scalar, ``(n,)`` each.
    best
        The largest noiseless value at a measured point; under noise, the largest *predicted* at one:
        V. Picheny, T. Wagner, D. Ginsbourger, Struct. Multidisc. Optim. 48, 607 (2013).

    Returns
    -------
    ``(n,)``, 0 or more, in the unit of the scalar.
    """
    gain = mean - best
    z = np.clip(gain / np.maximum(sigma, TINY), -FAR, FAR)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return np.asarray(np.maximum(gain * ndtr(z) + sigma * density, 0.0))
