"""Elastic scattering of one atom: how much, and to which angles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .electron import wavelength
from .haadf import BOHR_RADIUS, INNER_ANGLE, cross_section


def screening_angle(atomic_number: int, beam_energy: float) -> float:
    """Angle [mrad] below which the nucleus is screened: ``lambda / (2 pi a)``, ``a = a0 Z ** (-1/3)``.

    F. Lenz, Z. Naturforsch. 9a, 185 (1954), with the Wentzel potential.
    """
    return float(1e3 * wavelength(beam_energy) * atomic_number ** (1 / 3) / (2 * np.pi * BOHR_RADIUS))


def total_cross_section(atomic_number: int, beam_energy: float) -> float:
    """Cross-section of one atom for all elastic scattering [nm2].

    The share of ``1 / (theta^2 + theta0^2)^2`` beyond an angle is ``theta0^2 / (angle^2 + theta0^2)``: so
    scaled that what goes to the annular detector is what `haadf` counts there.
    """
    ratio = INNER_ANGLE / screening_angle(atomic_number, beam_energy)
    return cross_section(atomic_number, beam_energy) * (1 + ratio**2)


def diffuse(angle_squared: NDArray[np.float64], screening: float) -> NDArray[np.float64]:
    """Density per solid angle [1/mrad2] of electrons scattered once, its integral 1."""
    return np.asarray(screening**2 / np.pi / (angle_squared + screening**2) ** 2)
