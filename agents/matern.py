"""The Matérn 5/2 covariance, whose samples are twice differentiable: smooth, and not implausibly so."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROOT_5 = math.sqrt(5.0)


def squared_distances(a: Array, b: Array) -> Array:
    """``|a_i - b_j|^2`` of ``(m, p)`` and ``(n, p)``, as ``(m, n)``."""
    return distances(a, augmented(b))


def matern(r2: Array, variance: float) -> Array:
    """``variance (1 + s + s^2 / 3) exp(-s)``, ``s = sqrt(5 r2)``, shaped as `r2`; length scale 1.

    C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006), eq. 4.17.
    """
    s = np.sqrt(5.0 * r2)
    decay = np.exp(-s)
    s += 1.0
    s += (5.0 / 3.0) * r2
    s *= decay
    s *= variance
    return s


def matern_and_slope(r2: Array, variance: float) -> tuple[Array, Array]:
    """Return `matern` and its derivative by `r2`, ``-5/6 variance (1 + s) exp(-s)``."""
    s = np.sqrt(5.0 * r2)
    decay = variance * np.exp(-s)
    return (1.0 + s + (5.0 / 3.0) * r2) * decay, (-5.0 / 6.0) * (1.0 + s) * decay


def augmented(b: Array) -> Array:
    """Return ``(b, |b|^2, 1)`` as columns ``(p + 2, n)``: one product then gives the squared distances."""
    return np.vstack([b.T, np.square(b).sum(axis=1), np.ones(len(b))])


def distances(a: Array, others: Array) -> Array:
    """Return `squared_distances` to what `augmented` made ``(p + 2, n)``: for many blocks of rows."""
    square = np.square(a).sum(axis=1)[:, None]
    r2: Array = np.hstack([-2.0 * a, np.ones_like(square), square]) @ others
    return np.maximum(r2, 0.0, out=r2)
