"""The probe: how large it is on the specimen, and the blur that makes of an image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .electron import wavelength

SOURCE_SIZE = 0.1  # [nm] FWHM of the demagnified source: of the order of a field-emission probe
FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))


@dataclass(frozen=True)
class Probe:
    """A round, aberration-free probe.

    Attributes
    ----------
    beam_energy
        [eV].
    convergence_angle
        Semi-angle [mrad].
    defocus
        Distance of the specimen from focus [nm].
    """

    beam_energy: float
    convergence_angle: float
    defocus: float = 0.0

    @property
    def sigma(self) -> float:
        """Standard deviation of the intensity along one axis [nm].

        Source, diffraction (FWHM of the Airy disk, 0.51 lambda / alpha) and the geometric disk of defocus
        (radius alpha df, so half that along one axis) in quadrature.
        """
        alpha = self.convergence_angle * 1e-3
        airy = 0.51 * wavelength(self.beam_energy) / alpha
        return math.hypot(SOURCE_SIZE / FWHM_PER_SIGMA, airy / FWHM_PER_SIGMA, alpha * abs(self.defocus) / 2)

    def blur(self, image: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
        """Convolve the last two axes of `image`, sampled at `spacing` [nm], with the probe."""
        return np.asarray(gaussian_filter(image, self.sigma / spacing, axes=(-2, -1), mode="nearest"))

    def nodes(self, negligible: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Offsets ``(m, 2)`` [nm] and weights ``(m,)`` that average a smooth field over the probe.

        Gauss-Hermite quadrature of 3 x 3 nodes; one node where the probe is smaller than `negligible` [nm].
        """
        if self.sigma < negligible:
            return np.zeros((1, 2)), np.ones(1)
        nodes, weights = np.polynomial.hermite_e.hermegauss(3)
        weights = weights / weights.sum()
        offsets = self.sigma * np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
        return offsets, np.outer(weights, weights).ravel()
