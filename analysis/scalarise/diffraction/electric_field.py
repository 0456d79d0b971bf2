"""The electric field across the beam, from how far it is deflected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..estimate import Estimate
from .deflection import MAGNITUDE, Deflection, along, check_component
from .pattern import Pattern

REST_ENERGY = 510_998.95  # [eV] of an electron


@dataclass(frozen=True)
class ElectricField:
    """Field across the beam, averaged along it: ``E t = -p v theta / e``; projected [V] without a thickness.

    K. Mueller et al., Nat. Commun. 5, 5653 (2014). The deflection is against the field. ``p v = E0 (E0 + 2
    m c^2) / (E0 + m c^2)`` for a beam energy E0.

    Attributes
    ----------
    beam_energy
        [eV].
    thickness
        Of the specimen [nm].
    component, radius
        As those of `Deflection`.
    """

    beam_energy: float
    thickness: float | None = None
    component: str | float = MAGNITUDE
    radius: float | None = None

    kind: ClassVar[str] = "electric_field"

    def __post_init__(self) -> None:
        if not self.beam_energy > 0:
            raise ValueError(f"beam_energy = {self.beam_energy:g} eV is impossible: give a positive energy")
        if self.thickness is not None and not self.thickness > 0:
            raise ValueError(f"thickness = {self.thickness:g} nm is impossible: give a positive one, or none")
        check_component(self.component)
        _ = self._deflection  # refuses its radius

    @property
    def unit(self) -> str:
        """Of the field, or of the projected one."""
        return "V" if self.thickness is None else "V/nm"

    @property
    def reach(self) -> float:
        """Angle the detector must cover [mrad]."""
        return self._deflection.reach

    def looks_at(self, pattern: Pattern) -> NDArray[np.bool_]:
        """Tell the pixels within the radius."""
        return self._deflection.looks_at(pattern)

    def estimate(self, pattern: Pattern) -> Estimate:
        """Scale the deflection."""
        y, x = self._deflection.vector(pattern)
        scale = -self.volts_per_mrad
        return along((y * scale, x * scale), self.component, pattern.variance)

    @property
    def volts_per_mrad(self) -> float:
        """Field, or projected field, that deflects by 1 mrad."""
        return 1e-3 * momentum_times_velocity(self.beam_energy) / (self.thickness or 1.0)

    @property
    def _deflection(self) -> Deflection:
        return Deflection(self.component, self.radius)


def momentum_times_velocity(beam_energy: float) -> float:
    """``p v`` [eV] of an electron of kinetic energy `beam_energy` [eV]."""
    return beam_energy * (beam_energy + 2 * REST_ENERGY) / (beam_energy + REST_ENERGY)
