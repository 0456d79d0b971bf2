"""Whole spectra: predicted anywhere, with their uncertainty, through a few principal components."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd

from .matern import Array
from .measurements import Measurements
from .outputs import Outputs
from .sites import Sites

MOST = 8  # components: each is a Gaussian process


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components of spectra with counting noise.

    Each channel is divided by the root of its mean, so that its noise is 1 and bright channels do not
    pass for signal (M. R. Keenan, P. G. Kotula, Surf. Interface Anal. 36, 203 (2004), doi:10.1002/sia.1657).

    Attributes
    ----------
    mean
        Spectrum ``(energy,)``.
    noise
        Standard deviation that a channel of it has ``(energy,)``.
    axes
        Orthonormal, of spectra divided by `noise`, ``(k, energy)``.
    left
        Variance of the signal that a channel has beside the components, in units of its noise.
    """

    mean: Array
    noise: Array
    axes: Array
    left: float

    @staticmethod
    def of(spectra: Array, sigmas: Array, most: int = MOST) -> Components:
        """Find those of ``(m, energy)`` that stand out of the noise; at least one, at most `most`.

        Noise alone has singular values up to ``sqrt(m) + sqrt(energy)`` (V. A. Marchenko, L. A. Pastur,
        Math. USSR Sb. 1, 457 (1967)).
        """
        mean = spectra.mean(axis=0)
        typical = np.sqrt(np.mean(sigmas**2, axis=0))
        noise = np.where(typical > 0, typical, typical[typical > 0].min() if np.any(typical > 0) else 1.0)
        _, values, axes = svd((spectra - mean) / noise, full_matrices=False)
        edge = math.sqrt(len(spectra)) + math.sqrt(spectra.shape[1])
        kept = int(np.clip(np.sum(values > edge), 1, most))
        signs = np.sign(np.take_along_axis(axes[:kept], np.abs(axes[:kept]).argmax(axis=1)[:, None], 1))
        beside = float(np.sum(values[kept:] ** 2)) / spectra.size
        return Components(mean, noise, axes[:kept] * signs, max(beside - 1.0, 0.0))

    def scores(self, spectra: Array) -> Array:
        """Project ``(m, energy)`` on the components, ``(m, k)``."""
        return np.asarray((spectra - self.mean) / self.noise @ self.axes.T)

    def score_sigmas(self, sigmas: Array) -> Array:
        """Return standard deviations of the scores ``(m, k)``, from independent `sigmas` ``(m, energy)``."""
        return np.asarray(np.sqrt((sigmas / self.noise) ** 2 @ (self.axes**2).T))

    def spectra(self, scores: Array) -> Array:
        """Return the spectra that have these scores, ``(..., energy)``."""
        return np.asarray(self.mean + scores @ self.axes * self.noise)

    def spectrum_sigmas(self, score_sigmas: Array) -> Array:
        """Return the standard deviation of each channel, ``(..., energy)``, from independent scores."""
        return np.asarray(self.noise * np.sqrt(score_sigmas**2 @ self.axes**2 + self.left))


class SpectrumMap:
    """Predicts the spectrum at every candidate from those measured at some.

    `fit` finds the components anew and one embedding for all of their scores; `condition` takes spectra in.

    Parameters
    ----------
    sites
        Of the candidates, features standardised.
    most
        Components to use at most.
    """

    def __init__(self, sites: Sites, most: int = MOST) -> None:
        self._model = Outputs(sites)
        self._most = most

    def fit(self, indices: NDArray[np.intp], spectra: Array, sigmas: Array) -> None:
        """Learn from spectra of candidates ``(m,)``.

        Parameters
        ----------
        spectra, sigmas
            Counts and their standard deviations ``(m, energy)``.
        """
        self._components = Components.of(spectra, sigmas, self._most)
        self._model.fit(self._as_scores(indices, spectra, sigmas))

    def condition(self, indices: NDArray[np.intp], spectra: Array, sigmas: Array) -> None:
        """Take in spectra that came since the fit."""
        self._model.condition(self._as_scores(indices, spectra, sigmas))

    @property
    def components(self) -> Components:
        """Of the last fit."""
        return self._components

    @property
    def scores(self) -> Outputs:
        """Model of the scores, ``(n, k)``: for who looks for what is new, or for a trade-off."""
        return self._model

    def predict(self, indices: NDArray[np.intp] | slice = slice(None)) -> tuple[Array, Array]:
        """Return noiseless spectra of candidates and their standard deviations, ``(m, energy)`` each."""
        mean, sigma = self._model.mean[indices], self._model.sigma()[indices]
        return self._components.spectra(mean), self._components.spectrum_sigmas(sigma)

    def _as_scores(self, indices: NDArray[np.intp], spectra: Array, sigmas: Array) -> Measurements:
        return Measurements(indices, self._components.scores(spectra), self._components.score_sigmas(sigmas))
