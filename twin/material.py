"""Materials: what scatters to high angles, and what takes energy."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Plasmon:
    """A Drude or Lorentz peak of the bulk loss function: energy and width [eV], share of all losses."""

    energy: float
    width: float
    share: float = 1.0


@dataclass(frozen=True)
class Metal:
    """The free electrons behind surface modes, permittivity ``background - (plasma / E) ** 2``.

    Attributes
    ----------
    plasma
        Unscreened plasma energy [eV].
    background
        Permittivity of the bound electrons.
    width
        Full width at half maximum of a surface mode [eV].
    """

    plasma: float
    background: float
    width: float

    @property
    def dipole_energy(self) -> float:
        """Energy [eV] of the dipole mode of a small sphere in vacuum, where the permittivity is -2."""
        return self.plasma / math.sqrt(self.background + 2)


@dataclass(frozen=True)
class Lattice:
    """A crystal seen along a zone axis: `fold` equal reflections of planes `spacing` [nm] apart."""

    spacing: float
    fold: int


@dataclass(frozen=True)
class Material:
    """An element, or the mean atom of a compound.

    Attributes
    ----------
    name, atomic_number
        Which.
    density
        Atoms per nm3.
    plasmons
        Bulk losses.
    metal
        Free electrons, if it is a metal.
    inner_potential
        Mean inner potential [V].
    lattice
        If it is one crystal; powder and glass have none.
    """

    name: str
    atomic_number: int
    density: float
    plasmons: tuple[Plasmon, ...]
    metal: Metal | None = None
    inner_potential: float = 0.0
    lattice: Lattice | None = None


# Positions and widths of the bulk peaks are those of published spectra, rounded (C. C. Ahn, O. L. Krivanek,
# EELS Atlas, 1983), shares are estimates. Drude parameters of silver as in fits to P. B. Johnson and
# R. W. Christy, Phys. Rev. B 6, 4370 (1972); gold's background puts a particle's dipole where it is seen.
# Inner potentials as measured and computed for holography, within some 20 %; those of the two arsenides
# are nearly equal (P. Kruse et al., Ultramicroscopy 106, 105 (2006)), so that only charges deflect there.
CARBON = Material(
    "carbon", 6, 100.0, (Plasmon(24.0, 13.0, 0.96), Plasmon(6.0, 3.0, 0.04)), inner_potential=9.0
)
SILVER = Material(
    "silver",
    47,
    58.6,
    (Plasmon(25.0, 12.0, 0.95), Plasmon(3.8, 0.3, 0.05)),
    Metal(9.1, 4.0, 0.25),
    inner_potential=23.0,
    lattice=Lattice(0.1445, 6),  # {220} along [111]
)
GOLD = Material(
    "gold",
    79,
    59.0,
    (Plasmon(25.0, 14.0, 0.96), Plasmon(6.0, 3.0, 0.04)),
    Metal(9.0, 11.5, 0.35),
    inner_potential=28.0,
)
GALLIUM_ARSENIDE = Material(
    "gallium arsenide", 32, 44.3, (Plasmon(15.8, 4.0),), inner_potential=14.2, lattice=Lattice(0.1999, 4)
)
INDIUM_ARSENIDE = Material(
    "indium arsenide", 41, 35.9, (Plasmon(13.8, 4.0),), inner_potential=14.3, lattice=Lattice(0.2142, 4)
)
