"""What not knowing the hyper-parameters adds to the uncertainty of the prediction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import lapack

from .evidence import MEAN_VARIANCE, OWN, SPREADS, Hyper, own_distances, symmetric_inverse
from .feature_map import LENGTH_SPREAD, RELEVANCE_SPREAD
from .matern import Array, augmented, distances, matern_and_slope
from .process import Process
from .sites import ROWS, Sites

ENOUGH = 200  # points that the information is counted on; with more of them it is scaled up


def mean_slack(process: Process) -> Array:
    """Return ``R`` ``(n, q)``: ``R R^T`` is what uncertain hyper-parameters add to the posterior covariance.

    ``R R^T = J S J^T`` with J the derivative of the mean by the q hyper-parameters (the logarithms of
    variance, floor, variance by spots and reach, length, and scale of each axis of the looks), and S their
    covariance: the inverse of the Fisher information ``tr(C^-1 dC_a C^-1 dC_b) / 2`` (Rasmussen and Williams,
    sec. 5.4.1) plus that of the priors. Of the marginal Gaussian process of R. Garnett, M. Osborne,
    P. Hennig, UAI 2014, arXiv:1310.6740, eq. 15, without the term of the variance's own derivative.
    """
    places, hyper = process.places, process.hyper
    measured = places[process.indices]
    inverse = symmetric_inverse(process.factor)
    weights = inverse @ process.values
    m, some = len(measured), min(len(measured), ENOUGH)
    # A principal block of the inverse is the inverse given the rest: what these points tell beyond it.
    inner = inverse[:some, :some]
    turned, through_weights = [], []
    for change in _changes(measured, hyper):
        turned.append(inner @ change[:some, :some])
        through_weights.append(inverse @ (change @ weights))
    information = _information(np.array(turned)) * (m / some)
    information[np.diag_indices(len(turned))] += (
        np.r_[SPREADS, LENGTH_SPREAD, np.full(places.looks.shape[1], RELEVANCE_SPREAD)] ** -2.0
    )
    spread, _ = lapack.dpotrf(np.linalg.inv(information), lower=1, clean=1)
    return np.asarray(_by_hyper(places, measured, hyper, weights, np.array(through_weights)).T @ spread)


def _changes(measured: Sites, hyper: Hyper) -> Iterator[Array]:
    """Yield the derivatives of the measured values' covariance by each hyper-parameter, ``(m, m)``."""
    r2, apart = (own_distances(each) for each in (measured.looks, measured.spots))
    kernel, slope = matern_and_slope(r2, hyper.variances[0])
    by_spots, spot_slope = matern_and_slope(apart, hyper.variances[1])
    yield kernel
    yield hyper.floor * np.eye(len(measured))
    yield by_spots
    yield -2 * spot_slope * apart
    yield -2 * slope * r2
    for column in measured.looks.T:
        yield 2 * slope * np.square(np.subtract.outer(column, column))


def _information(turned: Array) -> Array:
    """Return ``tr(T_a T_b) / 2`` of ``(q, m, m)``, as ``(q, q)``."""
    q = len(turned)
    return 0.5 * turned.reshape(q, -1) @ turned.transpose(0, 2, 1).reshape(q, -1).T


def _by_hyper(places: Sites, measured: Sites, hyper: Hyper, weights: Array, through_weights: Array) -> Array:
    """Return the derivatives of the mean at the candidates, ``(q, n)``.

    Of ``K w`` by K and, less `through_weights` ``(q, m)`` times K, by ``w = C^-1 y``. Squared differences
    along an axis are multiplied out, so that sums over the measured points are matrix products.
    """
    looks = measured.looks
    p = looks.shape[1]
    by_slope = np.vstack([weights, weights * looks.T, weights * looks.T**2])
    out = np.zeros((len(through_weights), len(places)))
    sums = np.zeros((1 + 2 * p, len(places)))
    by_looks_of, by_spots_of = augmented(places.looks), augmented(places.spots)
    for first in range(0, len(measured), ROWS):
        rows = slice(first, first + ROWS)
        some = measured[rows]
        kernel, slope = matern_and_slope(distances(some.looks, by_looks_of), hyper.variances[0])
        apart = distances(some.spots, by_spots_of)
        by_spots, spot_slope = matern_and_slope(apart, hyper.variances[1])
        spot_slope *= apart
        out[0] += weights[rows] @ kernel
        out[2] += weights[rows] @ by_spots
        out[3] -= 2 * weights[rows] @ spot_slope
        sums += by_slope[:, rows] @ slope
        kernel += by_spots
        out -= through_weights[:, rows] @ kernel
    out -= MEAN_VARIANCE * through_weights.sum(axis=1)[:, None]
    along = places.looks.T
    by_axis = 2 * (along**2 * sums[0] - 2 * along * sums[1 : 1 + p] + sums[1 + p :])
    out[OWN + 1 :] += by_axis
    out[OWN] -= by_axis.sum(axis=0)
    return out
