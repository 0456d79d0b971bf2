"""How well hyper-parameters explain what was measured, and the best of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

from .feature_map import FeatureMap
from .matern import Array, matern_and_slope, squared_distances

MEAN_VARIANCE = 1.0  # of the unknown mean, in units of the values' variance
NOISE_FLOOR = 0.05  # typical variance that the counts do not explain, in the same unit
SPREADS = np.array([1.0, 1.0])  # of log variance and log floor
CENTRES = np.array([0.0, math.log(NOISE_FLOOR)])
IMPOSSIBLE = 1e10
FARTHEST = 10.0  # of any parameter from 0: a search may try, but not leave what floats can hold


@dataclass(frozen=True, eq=False)
class Hyper:
    """Hyper-parameters: logarithms of variance and noise floor, then those of the feature map."""

    vector: Array

    @property
    def variance(self) -> float:
        """Of the process, about its mean."""
        return math.exp(self.vector[0])

    @property
    def floor(self) -> float:
        """Variance of a measurement beyond what its counts explain."""
        return math.exp(self.vector[1])

    @property
    def of_the_map(self) -> Array:
        """Parameters of the feature map."""
        return self.vector[2:]

    @staticmethod
    def start(feature_map: FeatureMap) -> Hyper:
        """Return where a first search begins."""
        return Hyper(np.concatenate([CENTRES, feature_map.start()]))


def negative_log_posterior(
    vector: Array, feature_map: FeatureMap, features: Array, values: Array, noise: Array
) -> tuple[float, Array]:
    """Return ``-log p(values | vector) p(vector)``, but for a constant, and its gradient.

    The values have covariance ``C = matern + MEAN_VARIANCE + diag(noise + floor)``: an unknown mean is
    integrated out. With ``a = C^-1 y`` and ``M = C^-1 - a a^T`` the likelihood is ``y a / 2 + log|C| / 2``,
    its derivative ``tr(M dC) / 2`` (Rasmussen and Williams, eqs. 5.8, 5.9), whose sums over pairs are matrix
    products: O(m^2 d) and not a matrix for each parameter.

    Parameters
    ----------
    features, values, noise
        ``(m, d)``, ``(m,)`` standardised, ``(m,)`` known variance.
    """
    hyper = Hyper(vector)
    places, chain = feature_map.differentiable(hyper.of_the_map, features)
    r2 = squared_distances(places, places)
    np.fill_diagonal(r2, 0.0)
    kernel, slope = matern_and_slope(r2, hyper.variance)
    covariance = kernel + MEAN_VARIANCE
    covariance[np.diag_indices(len(values))] += noise + hyper.floor
    factor, failed = lapack.dpotrf(covariance, lower=1, clean=1)
    if failed:
        return IMPOSSIBLE, np.zeros_like(vector)
    inverse = symmetric_inverse(factor)
    weights = inverse @ values
    middle = inverse - np.outer(weights, weights)
    pairs = middle * slope
    by_place = 2.0 * (pairs.sum(axis=1)[:, None] * places - pairs @ places)
    own = np.array([np.vdot(middle, kernel), middle.trace() * hyper.floor]) / 2
    pulled = (vector[:2] - CENTRES) / SPREADS
    of_the_map, map_pull = feature_map.penalty(hyper.of_the_map)
    value = 0.5 * float(values @ weights) + float(np.log(factor.diagonal()).sum())
    value += 0.5 * float(pulled @ pulled) + of_the_map
    return value, np.concatenate([own + pulled / SPREADS, chain(by_place) + map_pull])


def most_probable(
    start: Hyper,
    feature_map: FeatureMap,
    features: Array,
    values: Array,
    noise: Array,
    iterations: int,
) -> Hyper:
    """Climb to the maximum a posteriori by at most `iterations` of L-BFGS, the same bits each time."""
    found = minimize(
        negative_log_posterior,
        start.vector,
        (feature_map, features, values, noise),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-FARTHEST, FARTHEST)] * len(start.vector),
        options={"maxiter": iterations, "maxcor": 20},
    )
    return Hyper(np.asarray(found.x, dtype=np.float64))


def symmetric_inverse(factor: Array) -> Array:
    """Return ``(L L^T)^-1`` of a lower Cholesky factor ``(m, m)``."""
    inverse, _ = lapack.dpotri(factor, lower=1)
    lower = np.tril(inverse, -1)
    full: Array = lower + lower.T
    full[np.diag_indices(len(full))] = inverse.diagonal()
    return full
