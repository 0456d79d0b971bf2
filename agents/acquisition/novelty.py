"""Search for what is different from all that was measured, not for what is largest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5


def novelty(
    mean: NDArray[np.float64],
    sigma: NDArray[np.float64],
    seen: NDArray[np.float64],
    neighbours: int = NEIGHBOURS,
) -> NDArray[np.float64]:
    """Return how far from its nearest measured outcomes a candidate's outcome is expected to be, ``(n,)``.

    The root of the mean, over the `neighbours` nearest, of the expected squared distance, for independent
    normal components ``E|f - y_j|^2 = |mean - y_j|^2 + sum_c sigma_c^2``. Novelty as in J. Lehman,
    K. O. Stanley, Evol. Comput. 19, 189 (2011), on outcomes that a model predicts, as BEACON does
    (arXiv:2603.16715); the closed form is in place of its draws from the posterior.

    Parameters
    ----------
    mean, sigma
        Of k components of the outcome, as the principal components of a spectrum, ``(n, k)``; in one unit.
    seen
        Measured outcomes ``(m, k)``, m > 0.
    """
    squares = np.square(mean).sum(axis=1)[:, None] + np.square(seen).sum(axis=1) - 2 * mean @ seen.T
    nearest = np.sort(np.maximum(squares, 0.0), axis=1)[:, :neighbours]
    expected: NDArray[np.float64] = np.sqrt(nearest.mean(axis=1) + np.square(sigma).sum(axis=1))
    return expected
