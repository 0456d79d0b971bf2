"""Spectra as what is measured at each position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from bluesky.utils import MsgGenerator
from numpy.typing import NDArray

from .measurement import Measurement, Position
from .messages import value_of
from .protocols import Eels, Microscope, Scalar, Scalariser


@dataclass(frozen=True)
class Spectra:
    """A spectrum at each position, reduced by `scalarise`."""

    scalarise: Scalariser

    def detector(self, microscope: Microscope) -> Eels:
        """Give the spectrometer."""
        return microscope.eels

    def prepare(self, microscope: Microscope) -> MsgGenerator[Measurement]:
        """Read the energy axis; ValueError if the scalariser's windows are off it."""
        eels = self.detector(microscope)
        energy = yield from energy_axis(eels)
        self.scalarise.check_axis(energy)

        def reduce(spectrum: NDArray[np.generic], _: Position) -> Scalar:
            return self.scalarise(spectrum, energy)

        return Measurement(eels, eels.spectrum, reduce)

    def parameters(self) -> dict[str, object]:
        """Return the scalariser's."""
        return self.scalarise.parameters()


def energy_axis(eels: Eels) -> MsgGenerator[NDArray[np.float64]]:
    """Read the energies of the spectrometer's channels ``(energy,)`` [eV]."""
    size = yield from value_of(eels.array_size_x)
    offset = yield from value_of(eels.energy_offset)
    dispersion = yield from value_of(eels.energy_dispersion)
    return float(offset) + float(dispersion) * np.arange(int(size), dtype=np.float64)
