"""High-angle scattering: the share of the beam that the annular detector sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .electron import gamma, wavelength
from .material import Material

INNER_ANGLE = 80.0  # [mrad]
EXPONENT = 1.7  # of Z: between Rutherford's 2 and screened scattering
GOLD = 79
BOHR_RADIUS = 0.052_917_721  # [nm]


def cross_section(atomic_number: int, beam_energy: float) -> float:
    """Cross-section of one atom for scattering beyond `INNER_ANGLE` [nm2].

    Rutherford's, relativistic, for gold; ``Z ** 1.7`` relative to it, after S. J. Pennycook,
    Ultramicroscopy 30, 58 (1989). Good to a factor, not to a percent.
    """
    wave_number = 2 * np.pi / wavelength(beam_energy)
    angle = INNER_ANGLE * 1e-3
    gold = 4 * np.pi * (gamma(beam_energy) * GOLD / (BOHR_RADIUS * wave_number**2 * angle)) ** 2
    return float(gold * (atomic_number / GOLD) ** EXPONENT)


def scattered(
    thickness: NDArray[np.float64], materials: Sequence[Material], beam_energy: float
) -> NDArray[np.float64]:
    """Share of the electrons scattered onto the detector, for `thickness` ``(materials, ...)`` [nm].

    Linear in a thin specimen, saturating as each electron is counted once.
    """
    per_length = [m.density * cross_section(m.atomic_number, beam_energy) for m in materials]
    return np.asarray(-np.expm1(-np.tensordot(per_length, thickness, axes=1)))
