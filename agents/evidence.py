"""How well hyper-parameters explain what was measured, and the best of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

from .feature_map import FeatureMap
from .matern import Array, matern_and_slope, squared_distances
from .sites import Sites

MEAN_VARIANCE = 1.0  # of the unknown mean, in units of the values' variance
NOISE_FLOOR = 0.05  # typical variance that the counts do not explain, in the same unit
NEIGHBOURHOOD = 0.3  # typical variance of what the looks can't tell and the neighbourhood can
# Of the logarithms of variance, floor, variance by spots, and reach of a spot.
SPREADS = np.array([1.0, 1.0, 1.0, 0.5])
CENTRES = np.array([0.0, math.log(NOISE_FLOOR), math.log(NEIGHBOURHOOD), 0.0])
OWN = len(CENTRES)  # hyper-parameters that are not the feature map's
IMPOSSIBLE = 1e10
FARTHEST = 10.0  # of any parameter from 0: a search may try, but not leave what floats can hold


@dataclass(frozen=True, eq=False)
class Hyper:
    """Hyper-parameters: logarithms of two variances, noise floor and reach, then those of the feature map."""

    vector: Array

    @property
    def variances(self) -> tuple[float, float]:
        """Of the process about its mean: by looks, and by spots."""
        return math.exp(self.vector[0]), math.exp(self.vector[2])

    @property
    def floor(self) -> float:
        """Variance of a measurement beyond what its counts explain."""
        return math.exp(self.vector[1])

    @property
    def of_the_map(self) -> Array:
        """Parameters of the feature map."""
        return self.vector[OWN:]

    def places(self, feature_map: FeatureMap, sites: Sites) -> Sites:
        """Return `sites` in units of their length scales."""
        return Sites(
            feature_map.places(self.of_the_map, sites.looks), sites.spots * math.exp(-self.vector[3])
        )

    @staticmethod
    def start(feature_map: FeatureMap) -> Hyper:
        """Return where a first search begins."""
        return Hyper(np.concatenate([CENTRES, feature_map.start()]))


def negative_log_posterior(
    vector: Array, feature_map: FeatureMap, sites: Sites, values: Array, noise: Array
) -> tuple[float, Array]:
    """Return ``-log p(values | vector) p(vector)``, but for a constant, and its gradient.

    The values have covariance ``C = covariance + MEAN_VARIANCE + diag(noise + floor)``: an unknown mean is
    integrated out. With ``a = C^-1 y`` and ``M = C^-1 - a a^T`` the likelihood is ``y a / 2 + log|C| / 2``,
    its derivative ``tr(M dC) / 2`` (Rasmussen and Williams, eqs. 5.8, 5.9), whose sums over pairs are matrix
    products: O(m^2 d) and not a matrix for each parameter.

    Parameters
    ----------
    sites, values, noise
        Of m points; ``(m,)`` standardised, ``(m,)`` known variance.
    """
    hyper = Hyper(vector)
    places, chain = feature_map.differentiable(hyper.of_the_map, sites.looks)
    spots = sites.spots * math.exp(-vector[3])
    kernel, slope = matern_and_slope(own_distances(places), hyper.variances[0])
    apart = own_distances(spots)
    by_spots, spot_slope = matern_and_slope(apart, hyper.variances[1])
    covariance = kernel + by_spots + MEAN_VARIANCE
    covariance[np.diag_indices(len(values))] += noise + hyper.floor
    factor, failed = lapack.dpotrf(covariance, lower=1, clean=1)
    if failed:
        return IMPOSSIBLE, np.zeros_like(vector)
    inverse = symmetric_inverse(factor)
    weights = inverse @ values
    middle = inverse - np.outer(weights, weights)
    pairs = middle * slope
    by_place = 2.0 * (pairs.sum(axis=1)[:, None] * places - pairs @ places)
    spot_slope *= apart
    own = np.array(
        [
            np.vdot(middle, kernel),
            middle.trace() * hyper.floor,
            np.vdot(middle, by_spots),
            -2 * np.vdot(middle, spot_slope),
        ]
    )
    own /= 2
    pulled = (vector[:OWN] - CENTRES) / SPREADS
    of_the_map, map_pull = feature_map.penalty(hyper.of_the_map)
    value = 0.5 * float(values @ weights) + float(np.log(factor.diagonal()).sum())
    value += 0.5 * float(pulled @ pulled) + of_the_map
    return value, np.concatenate([own + pulled / SPREADS, chain(by_place) + map_pull])


def most_probable(
    start: Hyper,
    feature_map: FeatureMap,
    sites: Sites,
    values: Array,
    noise: Array,
    iterations: int,
) -> Hyper:
    """Climb to the maximum a posteriori by at most `iterations` of L-BFGS, the same bits each time."""
    found = minimize(
        negative_log_posterior,
        start.vector,
        (feature_map, sites, values, noise),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-FARTHEST, FARTHEST)] * len(start.vector),
        options={"maxiter": iterations, "maxcor": 20},
    )
    return Hyper(np.asarray(found.x, dtype=np.float64))


def own_distances(places: Array) -> Array:
    """Return the squared distances of places ``(m, p)`` among themselves, ``(m, m)``."""
    r2 = squared_distances(places, places)
    np.fill_diagonal(r2, 0.0)
    return r2


def symmetric_inverse(factor: Array) -> Array:
    """Return ``(L L^T)^-1`` of a lower Cholesky factor ``(m, m)``."""
    inverse, _ = lapack.dpotri(factor, lower=1)
    lower = np.tril(inverse, -1)
    full: Array = lower + lower.T
    full[np.diag_indices(len(full))] = inverse.diagonal()
    return full
