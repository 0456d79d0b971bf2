"""The fast electron: wavelength, velocity, and how far its field reaches."""

from __future__ import annotations

import math

REST_ENERGY = 510_998.95  # [eV]
HBAR_C = 197.326_980  # [eV nm]
FINE_STRUCTURE = 1 / 137.035_999


def gamma(beam_energy: float) -> float:
    """Lorentz factor of an electron of kinetic energy `beam_energy` [eV]."""
    return 1 + beam_energy / REST_ENERGY


def velocity(beam_energy: float) -> float:
    """Velocity over the speed of light, of an electron of kinetic energy `beam_energy` [eV]."""
    return math.sqrt(1 - gamma(beam_energy) ** -2)


def wavelength(beam_energy: float) -> float:
    """De Broglie wavelength [nm] of an electron of kinetic energy `beam_energy` [eV]."""
    momentum = math.sqrt(beam_energy * (beam_energy + 2 * REST_ENERGY))  # [eV / c]
    return 2 * math.pi * HBAR_C / momentum


def reach(loss: float, beam_energy: float) -> float:
    """Adiabatic length ``gamma v / omega`` [nm] at an energy `loss` [eV].

    The field of a passing electron at distance b and frequency omega varies as ``K0`` and ``K1`` of b over
    this length: J. D. Jackson, Classical Electrodynamics, 3rd ed., sec. 13.3.
    """
    return gamma(beam_energy) * velocity(beam_energy) * HBAR_C / loss
