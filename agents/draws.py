"""Joint draws of what the noiseless scalar may be, without a covariance of all candidates."""

from __future__ import annotations

import math

import numpy as np

from .evidence import MEAN_VARIANCE
from .matern import Array
from .process import Process

FREQUENCIES = 256  # of a random function: its covariance is then right to a few percent
JITTER = 1e-9
BESTS = 16


def path(process: Process, rng: np.random.Generator) -> Array:
    """Draw a function from the posterior, at every candidate, ``(n,)``, standardised.

    Matheron's rule: a draw from the prior, plus what turns it into one that explains the values,
    ``f + K(x, X) C^-1 (y - f(X) - noise)`` (J. T. Wilson et al., ICML 2020, arXiv:2002.09309). The prior's
    draw is made of random Fourier features (A. Rahimi, B. Recht, NeurIPS 2007):
    ``sqrt(2 v / k) sum a cos(w x + b)``, a normal, w from the spectral density of the Matérn 5/2, a Student t
    with 5 degrees of freedom; one by looks and one by spots.
    """
    by_looks, by_spots = process.hyper.variances
    drawn = _random_function(process.places.looks, by_looks, rng)
    drawn += _random_function(process.places.spots, by_spots, rng)
    drawn += math.sqrt(MEAN_VARIANCE) * rng.normal()
    return process.condition_draw(drawn, rng)


def _random_function(places: Array, variance: float, rng: np.random.Generator) -> Array:
    normal = rng.normal(size=(places.shape[1], FREQUENCIES))
    frequencies = normal / np.sqrt(rng.chisquare(5, FREQUENCIES) / 5)
    phases, weights = rng.uniform(0, 2 * math.pi, FREQUENCIES), rng.normal(size=FREQUENCIES)
    waves = places @ frequencies
    waves += phases
    np.cos(waves, out=waves)
    return np.asarray(math.sqrt(2 * variance / FREQUENCIES) * (waves @ weights))


def bests(process: Process, rng: np.random.Generator) -> Array:
    """Draw the noiseless values at the measured points; the largest of each draw, ``(k,)``, standardised."""
    indices = np.unique(process.indices)
    covariance = process.covariance(indices)
    covariance[np.diag_indices(len(indices))] += JITTER * (1 + covariance.diagonal().max())
    factor = np.linalg.cholesky(covariance)
    values = process.mean[indices] + rng.normal(size=(BESTS, len(indices))) @ factor.T
    return np.asarray(values.max(axis=1))
