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
class Material:
    """An element, its atoms per nm3, its bulk losses, and its free electrons if it is a metal."""

    name: str
    atomic_number: int
    density: float
    plasmons: tuple[Plasmon, ...]
    metal: Metal | None = None


# Positions and widths of the bulk peaks are those of published spectra, rounded (C. C. Ahn, O. L. Krivanek,
# EELS Atlas, 1983), shares are estimates. Drude parameters of silver as in fits to P. B. Johnson and
# R. W. Christy, Phys. Rev. B 6, 4370 (1972); gold's background puts a particle's dipole where it is seen.
CARBON = Material("carbon", 6, 100.0, (Plasmon(24.0, 13.0, 0.96), Plasmon(6.0, 3.0, 0.04)))
SILVER = Material(
    "silver", 47, 58.6, (Plasmon(25.0, 12.0, 0.95), Plasmon(3.8, 0.3, 0.05)), Metal(9.1, 4.0, 0.25)
)
GOLD = Material(
    "gold", 79, 59.0, (Plasmon(25.0, 14.0, 0.96), Plasmon(6.0, 3.0, 0.04)), Metal(9.0, 11.5, 0.35)
)
