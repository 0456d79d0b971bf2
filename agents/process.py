"""An exact Gaussian process over all candidates that takes in one measurement at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from .evidence import MEAN_VARIANCE, Hyper
from .matern import Array
from .sites import Sites, covariance

SPARE = 64  # points there is room for before the arrays grow


class Process:
    """Posterior mean and variance of the noiseless values at every candidate, kept up to date.

    Measured points are candidates, so that all a new one needs is in the whitened columns
    ``W = L^-1 K(measured, candidates)`` ``(m, n)``: its own column is the new row of the Cholesky factor L.
    A measurement costs one kernel column and one product with W, O(m n), and no factorisation.

    Parameters
    ----------
    places
        Of the n candidates, in units of their length scales.
    hyper
        Variances and noise floor.
    indices, values, noise
        Of what was measured ``(m,)``: candidates, standardised values, known variances.

    Attributes
    ----------
    mean, variance
        Of the noiseless values at the candidates, ``(n,)``.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the covariance is not positive definite.
    """

    def __init__(
        self, places: Sites, hyper: Hyper, indices: NDArray[np.intp], values: Array, noise: Array
    ) -> None:
        m, n = len(indices), len(places)
        self.places, self.hyper = places, hyper
        self._white = np.empty((m + SPARE, n))
        white = self._white[:m]
        covariance(places[indices], places, hyper.variances, out=white)
        white += MEAN_VARIANCE
        matrix = white[:, indices]
        matrix[np.diag_indices(m)] += noise + hyper.floor
        factor, failed = lapack.dpotrf(matrix, lower=1, clean=1)
        if failed:
            raise np.linalg.LinAlgError("the covariance of the measured values is not positive definite")
        # In place: the transpose of a row-major array is what BLAS calls column-major.
        blas.dtrsm(1.0, factor, white.T, side=1, lower=1, trans_a=1, overwrite_b=1)
        self._factor = np.zeros((m + SPARE, m + SPARE))
        self._factor[:m, :m] = factor
        self._slack = np.empty((0, n))
        self._factorised = m
        self.indices = np.array(indices, dtype=np.intp)
        self.noise = np.array(noise, dtype=np.float64)
        self.values = np.array(values, dtype=np.float64)
        self.mean = _solve(factor, self.values) @ white
        self.variance = sum(hyper.variances) + MEAN_VARIANCE - np.einsum("ij,ij->j", white, white)

    @property
    def floor(self) -> float:
        """Noise variance of every measurement beyond what is known of it."""
        return self.hyper.floor

    @property
    def factor(self) -> Array:
        """Lower Cholesky factor of the measured values' covariance ``(m, m)``."""
        m = len(self.indices)
        return self._factor[:m, :m]

    @property
    def white(self) -> Array:
        """``L^-1 K(measured, candidates)`` ``(m, n)``."""
        return self._white[: len(self.indices)]

    def loosen(self, slack: Array) -> None:
        """Add ``slack slack^T`` to the posterior covariance, for what is uncertain beside the values.

        Parameters
        ----------
        slack
            ``(n, q)``.
        """
        self._slack = slack.T
        self.variance = self.variance + np.einsum("ij,ij->j", self._slack, self._slack)

    def append(self, index: int, value: float, noise: float) -> None:
        """Take in a measurement of candidate `index`, with known variance `noise`."""
        m = len(self.indices)
        self._make_room(m + 1)
        row, pivot = self._row(index, self.white, self.variance, noise)
        self._factor[m, :m], self._factor[m, m] = self._white[:m, index], pivot
        self._white[m] = row
        step = (value - self.mean[index]) / pivot
        self.mean = self.mean + step * row
        self.variance = self.variance - row**2
        self.indices = np.append(self.indices, np.intp(index))
        self.values, self.noise = np.append(self.values, value), np.append(self.noise, noise)

    def believe(self, indices: list[int]) -> Array:
        """Return the variance ``(n,)`` if candidates `indices` were measured too, but for the floor exactly.

        They are taken to give what is predicted there, so that the mean stays (the kriging believer:
        D. Ginsbourger, R. Le Riche, L. Carraro, 2010, doi:10.1007/978-3-642-10701-6_6).
        """
        variance: Array = self.variance
        white = self.white
        for index in indices:
            row, _ = self._row(index, white, variance, 0.0)
            variance = np.asarray(variance - row**2)
            white = np.vstack([white, row]) if len(indices) > 1 else white
        return variance

    def covariance(self, indices: NDArray[np.intp]) -> Array:
        """Posterior covariance of the noiseless values at candidates `indices`, ``(k, k)``."""
        places, white, slack = self.places[indices], self.white[:, indices], self._slack[:, indices]
        prior = covariance(places, places, self.hyper.variances) + MEAN_VARIANCE
        return np.asarray(prior - white.T @ white + slack.T @ slack)

    def condition_draw(self, drawn: Array, rng: np.random.Generator) -> Array:
        """Turn a draw from the prior at the candidates, ``(n,)``, into one from the posterior.

        The measurements one after the other, as they were taken in: after the factorised ones comes what the
        hyper-parameters leave open, then those appended.
        """
        first = self._factorised
        noise = rng.normal(size=len(self.values)) * np.sqrt(self.noise + self.floor)
        off = (self.values - drawn[self.indices] - noise)[:first]
        drawn = drawn + _solve(self.factor[:first, :first], off) @ self.white[:first]
        if len(self._slack):
            drawn += rng.normal(size=len(self._slack)) @ self._slack
        for k in range(first, len(self.values)):
            step = (self.values[k] - noise[k] - drawn[self.indices[k]]) / self.factor[k, k]
            drawn += step * self.white[k]
        return drawn

    def _row(self, index: int, white: Array, variance: Array, noise: float) -> tuple[Array, float]:
        """Row that a measurement of candidate `index` adds to `white`, and its pivot."""
        column = covariance(self.places[index : index + 1], self.places, self.hyper.variances)[0]
        pivot = float(np.sqrt(max(variance[index], 0.0) + noise + self.hyper.floor))
        column += MEAN_VARIANCE
        column -= white[:, index] @ white
        column += self._slack[:, index] @ self._slack
        column /= pivot
        return column, pivot

    def _make_room(self, points: int) -> None:
        if points <= len(self._white):
            return
        m, n = len(self.indices), self._white.shape[1]
        white, factor = np.empty((m + SPARE, n)), np.zeros((m + SPARE, m + SPARE))
        white[:m], factor[:m, :m] = self.white, self.factor
        self._white, self._factor = white, factor


def _solve(factor: Array, right: Array) -> Array:
    solved, _ = lapack.dtrtrs(factor, right, lower=1)
    return np.asarray(solved).reshape(right.shape)
