"""What each measured value looks like to the others."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .evidence import symmetric_inverse
from .matern import Array


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Predictions of each measured value from all the others, ``(m,)`` each.

    Attributes
    ----------
    error
        Value less prediction.
    sigma
        Standard deviation of the prediction, noise included.
    """

    error: Array
    sigma: Array

    @property
    def scores(self) -> Array:
        """Error over standard deviation."""
        return self.error / self.sigma

    @property
    def log_density(self) -> Array:
        """Logarithm of the predictive density of each value."""
        return -0.5 * np.square(self.scores) - np.log(self.sigma) - 0.5 * math.log(2 * math.pi)


def left_out(factor: Array, values: Array) -> LeftOut:
    """Leave each value out in turn, without refactorising.

    With ``C = L L^T``: ``error_i = (C^-1 y)_i / C^-1_ii`` and ``sigma_i^2 = 1 / C^-1_ii`` (Rasmussen and
    Williams, eqs. 5.10 to 5.12). Hyper-parameters are those that all the values chose.

    Parameters
    ----------
    factor, values
        Lower Cholesky factor of the values' covariance ``(m, m)``, and the values ``(m,)``.
    """
    inverse = symmetric_inverse(factor)
    diagonal = inverse.diagonal()
    return LeftOut(inverse @ values / diagonal, 1 / np.sqrt(diagonal))
