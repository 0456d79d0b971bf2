"""Surface modes below the bulk plasmon: standing waves along the flake's sides, dipoles of the particles.

An electron passing at r excites a mode of charge density rho, without retardation, with the probability
``alpha (c / v) (omega / v) |integral rho K0(omega |r - s| / (gamma v)) ds|^2 / W``, where W is the integral
``rho rho' / (2 |s - s'|)`` over both: the electrostatic energy of the zero-point motion is a quarter of the
quantum. For the dipole of a small sphere it becomes the known result (F. J. Garcia de Abajo, Rev. Mod. Phys.
82, 209 (2010)), integrated over the resonance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import k0, k1

from .electron import FINE_STRUCTURE, HBAR_C, gamma, reach, velocity
from .material import GOLD, SILVER, Material, Metal
from .specimen import Specimen

ORDERS = (1, 2, 3)  # half waves along a side; higher orders lie above 3 eV and are weak
SPACING = 2.0  # [nm] between the points that stand for a side: finer than the field varies
SKIN_DEPTH = 22.0  # [nm] of silver at 2 eV: how deep the charge of an edge mode reaches
SURROUNDING = 1.6  # permittivity around a flake on a thin film: between vacuum and carbon


def edge_energy(length: float, order: int, thickness: float, metal: Metal) -> float:
    """Energy [eV] of the standing wave with `order` half waves on a side of `length` [nm].

    The slow mode of a slab, ``eps = -eps_s coth(q t / 2)`` with ``q = order pi / length`` (R. H. Ritchie,
    Phys. Rev. 106, 874 (1957)), quantised along a side as observed by F.-P. Schmidt et al., Nano Lett. 14,
    4810 (2014), without their phase shift at the corners.
    """
    coth = 1 / np.tanh(order * np.pi / length * thickness / 2)
    return float(metal.plasma / np.sqrt(metal.background + SURROUNDING * coth))


def ruler(gap: NDArray[np.float64], diameter: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy of a particle's dipole beside another metal, relative to a lone one.

    The plasmon ruler of P. K. Jain, W. Huang, M. A. El-Sayed, Nano Lett. 7, 2080 (2007): the wavelength grows
    by ``0.18 exp(-(gap / diameter) / 0.23)``.
    """
    return 1 / (1 + 0.18 * np.exp(-(gap / diameter) / 0.23))


def screening(metal: Metal) -> float:
    """Share of a mode's field energy that moves free electrons: ``3 / (background + 2)``.

    The strength of the pole of ``(eps - 1) / (eps + 2)``; exact for a sphere, of the right size for a side.
    """
    return 3 / (metal.background + 2)


@dataclass(frozen=True, eq=False)
class EdgeWaves:
    """Standing charge waves on one side of the flake, its charge spread over `softening` [nm] about a line.

    Attributes
    ----------
    energies
        Of the waves [eV], shape ``(orders,)``.
    width
        Full width at half maximum of each [eV].
    points
        Positions (y, x) that stand for the side [nm], shape ``(n, 2)``.
    charges
        Of each wave at each point, shape ``(orders, n)``; a unit self-energy integral [nm] each.
    softening
        [nm].
    """

    energies: NDArray[np.float64]
    width: float
    points: NDArray[np.float64]
    charges: NDArray[np.float64]
    softening: float

    def probabilities(
        self, y: NDArray[np.float64], x: NDArray[np.float64], beam_energy: float
    ) -> NDArray[np.float64]:
        """Mean number of losses to each wave of an electron at each point [nm]; ``(orders, n)``."""
        apart = np.hypot(y[:, None] - self.points[:, 0], x[:, None] - self.points[:, 1])
        apart = np.hypot(apart, self.softening)
        v = velocity(beam_energy)
        out = np.empty((len(self.energies), y.size))
        for order, (energy, charge) in enumerate(zip(self.energies, self.charges, strict=True)):
            field = k0(apart / reach(energy, beam_energy)) @ charge
            out[order] = FINE_STRUCTURE / v * energy / (HBAR_C * v) * field**2
        return out


@dataclass(frozen=True, eq=False)
class Dipoles:
    """The dipole modes of particles.

    Attributes
    ----------
    energies
        [eV], shape ``(particles,)``.
    width
        Full width at half maximum [eV].
    centres, radii
        [nm], shapes ``(particles, 2)`` and ``(particles,)``.
    strength
        Share of the oscillator strength of free electrons.
    """

    energies: NDArray[np.float64]
    width: float
    centres: NDArray[np.float64]
    radii: NDArray[np.float64]
    strength: float

    def probabilities(
        self, y: NDArray[np.float64], x: NDArray[np.float64], beam_energy: float
    ) -> NDArray[np.float64]:
        """Mean number of losses to each dipole of an electron at each point [nm]; ``(particles, n)``.

        Inside the particle the potential of the in-plane dipole falls linearly to the centre.
        """
        apart = np.hypot(y - self.centres[:, :1], x - self.centres[:, 1:])
        radii = self.radii[:, None]
        v, g = velocity(beam_energy), gamma(beam_energy)
        wave_number = self.energies[:, None] / (HBAR_C * v)
        b = np.maximum(apart, radii) * wave_number / g
        inside = np.minimum(apart / radii, 1.0)
        coupling = self.strength * 2 * FINE_STRUCTURE / v * (radii * wave_number) ** 3 / g**2
        return np.asarray(coupling * ((inside * k1(b)) ** 2 + (k0(b) / g) ** 2))


Modes = EdgeWaves | Dipoles


def surface_modes(specimen: Specimen) -> tuple[Modes, ...]:
    """All surface modes of a specimen: side by side of the flake, then the particles."""
    thickness, sides = specimen.flake_thickness, specimen.flake.sides
    edges = [edge_waves(start, end, thickness, _metal(SILVER)) for start, end in sides]
    return (*edges, _dipoles(specimen, _metal(GOLD)))


def edge_waves(
    start: NDArray[np.float64], end: NDArray[np.float64], thickness: float, metal: Metal
) -> EdgeWaves:
    """Waves on the side from `start` to `end` (y, x) [nm] of a flake of `thickness` [nm]."""
    length = float(np.hypot(*(end - start)))
    count = max(8, round(length / SPACING))
    part = (np.arange(count) + 0.5) / count
    points = start + part[:, None] * (end - start)
    softening = float(np.hypot(thickness, SKIN_DEPTH) / 2)
    separation = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    coulomb = 1 / np.hypot(separation, softening)
    charges = np.cos(np.pi * np.outer(ORDERS, part)) * length / count
    self_energy = np.einsum("oi,ij,oj->o", charges, coulomb, charges) / 2
    charges *= np.sqrt(screening(metal) / self_energy)[:, None]
    energies = np.array([edge_energy(length, order, thickness, metal) for order in ORDERS])
    return EdgeWaves(energies, metal.width, points, charges, softening)


def _metal(material: Material) -> Metal:
    if material.metal is None:
        raise ValueError(f"{material.name} has no free electrons")
    return material.metal


def _dipoles(specimen: Specimen, metal: Metal) -> Dipoles:
    """Modes of the particles beside the flake; on it, the image charge cancels them."""
    y, x = specimen.centres.T
    radii = specimen.radii
    gaps = np.hypot(y[:, None] - y, x[:, None] - x) - radii - radii[:, None]
    np.fill_diagonal(gaps, np.inf)
    gap = np.minimum(gaps.min(axis=1, initial=np.inf), specimen.flake.distance(y, x) - radii)
    energies = metal.dipole_energy * ruler(np.maximum(gap, 0), 2 * radii)
    lone = ~specimen.flake.contains(y, x)
    return Dipoles(energies[lone], metal.width, specimen.centres[lone], radii[lone], screening(metal))
