"""Noiseless truth: what each detector sees of the beam, position by position.

Diffraction patterns are in `diffraction`. Deeper physics has its place here: aberrations in `probe`, damage
as a specimen that changes with the dose it has had.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .diode import Diode
from .eels import EnergyAxis, LowLoss, low_loss, mean_free_path
from .haadf import scattered
from .material import Material, Plasmon
from .probe import Probe
from .sampled import SampledMap, sampled
from .specimen import Specimen
from .surface_mode import Modes, surface_modes

CHUNK = 256  # spectra at a time: 30 MB
NEGLIGIBLE_PROBE = 1.0  # [nm]: surface modes are smooth over it


@dataclass(frozen=True)
class Optics:
    """State of the microscope that the truth depends on.

    Attributes
    ----------
    beam_energy
        [eV].
    convergence_angle, collection_angle
        Semi-angles of the probe and of the spectrometer's entrance [mrad].
    defocus
        Distance of the specimen from focus [nm].
    tilt
        Of the specimen about x and y [mrad]; it lengthens the path through a film, and no more.
    """

    beam_energy: float = 80e3
    convergence_angle: float = 10.0
    collection_angle: float = 20.0
    defocus: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)

    @property
    def probe(self) -> Probe:
        """The probe these optics form."""
        return Probe(self.beam_energy, self.convergence_angle, self.defocus)

    @property
    def path(self) -> float:
        """Length of the path through a film over its thickness."""
        alpha, beta = self.tilt
        return 1 / (math.cos(alpha * 1e-3) * math.cos(beta * 1e-3))


@dataclass(frozen=True, eq=False)
class Truth:
    """A specimen under given optics; shares are of the electrons of the beam.

    Positions ``y`` and ``x`` are arrays of one shape [nm].
    """

    optics: Optics
    materials: tuple[Material, ...]
    seen: SampledMap
    modes: tuple[Modes, ...]
    model: LowLoss
    free_paths: NDArray[np.float64] = field(repr=False)  # (materials,) [nm]

    def haadf(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the electrons on the HAADF detector, shaped as `y`."""
        return scattered(self.optics.path * self.seen.at(y, x), self.materials, self.optics.beam_energy)

    def losses(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean number of losses per electron in each material and to each mode, shape ``(n, kinds)``."""
        y, x = np.ravel(y), np.ravel(x)
        offsets, weights = self.optics.probe.nodes(NEGLIGIBLE_PROBE)
        bulk = self.optics.path * self.seen.at(y, x) / self.free_paths[:, None]
        surface = [
            sum(
                (
                    weight * modes.probabilities(y + dy, x + dx, self.optics.beam_energy)
                    for (dy, dx), weight in zip(offsets, weights, strict=True)
                ),
                np.zeros((len(modes.energies), y.size)),
            )
            for modes in self.modes
        ]
        return np.concatenate([bulk, *surface]).T

    def spectra(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the electrons in each energy channel, shape ``(*y.shape, channels)``."""
        means = self.losses(y, x)
        chunks = [self.model.spectra(means[i : i + CHUNK]) for i in range(0, len(means), CHUNK)]
        return np.concatenate(chunks).reshape(*np.shape(y), -1)


@dataclass(frozen=True, eq=False)
class Ground:
    """What of a specimen is independent of the optics, computed once."""

    materials: tuple[Material, ...]
    thickness: SampledMap  # of each material [nm]
    potential: SampledMap  # one: projected, inner potentials and charges [V nm]
    modes: tuple[Modes, ...]

    def under(self, optics: Optics, axis: EnergyAxis, fwhm: float) -> Truth:
        """Look at it with `optics` and a spectrometer of resolution `fwhm` [eV]."""
        free_paths = [
            mean_free_path(m.atomic_number, optics.beam_energy, optics.collection_angle)
            for m in self.materials
        ]
        model = low_loss(
            axis,
            fwhm,
            [m.plasmons for m in self.materials],
            [Plasmon(energy, modes.width) for modes in self.modes for energy in modes.energies],
        )
        seen = self.thickness.seen_by(optics.probe)
        return Truth(optics, self.materials, seen, self.modes, model, np.array(free_paths))


def ground(specimen: Specimen | Diode) -> Ground:
    """Prepare a specimen for looking at."""
    thickness = sampled(specimen.thickness, specimen.extent)
    charges = sampled(specimen.potential, specimen.extent)
    inner = [material.inner_potential for material in specimen.materials]
    return Ground(
        specimen.materials,
        thickness,
        SampledMap((np.tensordot(inner, thickness.maps, axes=1) + charges.maps)[None], thickness.spacing),
        surface_modes(specimen) if isinstance(specimen, Specimen) else (),
    )
