"""Convergent-beam diffraction patterns of a thin specimen, position by position.

The specimen is a phase object that varies little over the probe: the bright-field disk is displaced by the
gradient of the projected potential, ``theta = grad(V_proj) / (p v)`` (electrons go where the potential is
high), averaged over the probe. For the centre of mass that is exact for any phase object and probe, by
Ehrenfest's theorem (K. Mueller et al., Nat. Commun. 5, 5653 (2014)); how the intensity within the disk
redistributes where the potential varies over the probe is left out: for atoms use multislice. Elastic
scattering takes electrons out of the disk: some into the Bragg disks of crystals, the others into the tail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .elastic import diffuse, screening_angle, total_cross_section
from .electron import REST_ENERGY, gamma, velocity, wavelength
from .material import Material
from .sampled import SampledMap
from .truth import Ground, Optics

EDGE = 0.02  # of the convergence semi-angle: softness of the disk's edge
BRAGG = 0.3  # of the electrons that a crystal scatters go to its first reflections

Matrix = tuple[tuple[float, float], tuple[float, float]]


def momentum_times_velocity(beam_energy: float) -> float:
    """``p v`` [eV] of an electron of kinetic energy `beam_energy` [eV]."""
    return gamma(beam_energy) * velocity(beam_energy) ** 2 * REST_ENERGY


def deflection(potential: SampledMap, beam_energy: float) -> SampledMap:
    """Deflection (y, x) [mrad], shape ``(2, n, n)``, by a projected potential [V nm], shape ``(1, n, n)``."""
    slopes = np.stack(np.gradient(potential.maps[0], potential.spacing))
    return SampledMap(1e3 * slopes / momentum_times_velocity(beam_energy), potential.spacing)


def disk(
    ky: NDArray[np.float64], kx: NDArray[np.float64], semi_angle: float, edge: float
) -> NDArray[np.float64]:
    """Density [1/mrad2] of a disk about the origin, its integral 1, falling to zero over `edge` [mrad]."""
    height = np.clip((semi_angle - np.hypot(ky, kx)) / edge + 0.5, 0.0, 1.0)
    return np.asarray(height / (np.pi * (semi_angle**2 + edge**2 / 12)))


@dataclass(frozen=True)
class Projection:
    """How the diffraction plane lies on the detector.

    Attributes
    ----------
    shape
        ``(ky, kx)`` pixels; the vacuum disk is in the middle when the probe is.
    step
        Angle a pixel [mrad].
    orientation
        Takes deflections (y, x) in the scan's frame to (ky, kx): a rotation, with a mirror if its
        determinant is -1.
    descan
        How far the pattern moves (ky, kx) with the probe (y, x) [mrad/nm].
    """

    shape: tuple[int, int]
    step: float
    orientation: Matrix = ((1.0, 0.0), (0.0, 1.0))
    descan: Matrix = ((0.0, 0.0), (0.0, 0.0))

    def angles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Angles ``(ky,)`` and ``(kx,)`` of the pixels' centres [mrad]."""
        ky, kx = ((np.arange(n, dtype=np.float64) - (n - 1) / 2) * self.step for n in self.shape)
        return ky, kx


@dataclass(frozen=True, eq=False)
class Diffraction:
    """What a detector sees of a specimen; `deflection` and `thickness` are averaged over the probe."""

    optics: Optics
    projection: Projection
    materials: tuple[Material, ...]
    thickness: SampledMap
    deflection: SampledMap

    def centre(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Centre (ky, kx) of the bright-field disk [mrad], shape ``(*y.shape, 2)``, were there no descan.

        The truth that a centre of mass is to find.
        """
        shift = np.moveaxis(self.deflection.at(y, x), 0, -1)
        return np.asarray(shift @ np.array(self.projection.orientation).T)

    def patterns(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the beam's electrons in each pixel, shape ``(*y.shape, ky, kx)``."""
        shape = np.shape(y)
        flat = [self._pattern(*each) for each in self._each(np.ravel(y), np.ravel(x))]
        return np.array(flat).reshape(*shape, *self.projection.shape)

    def _each(
        self, y: NDArray[np.float64], x: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Centre of the pattern (2,) [mrad] and scattering events of each material, position by position."""
        centres = self.centre(y, x) + np.stack([y, x], axis=-1) @ np.array(self.projection.descan).T
        energy = self.optics.beam_energy
        per_length = [m.density * total_cross_section(m.atomic_number, energy) for m in self.materials]
        events = self.optics.path * self.thickness.at(y, x).T * per_length
        return zip(centres, events, strict=True)

    def _pattern(self, centre: NDArray[np.float64], events: NDArray[np.float64]) -> NDArray[np.float64]:
        energy, alpha = self.optics.beam_energy, self.optics.convergence_angle
        step = self.projection.step
        # No sharper than a pixel: what a pixel at the edge integrates.
        edge = math.hypot(EDGE * alpha, step)
        ky, kx = self.projection.angles()
        ky, kx = ky[:, None] - centre[0], kx - centre[1]
        direct = math.exp(-events.sum())
        out = direct * disk(ky, kx, alpha, edge)
        shares = (1 - direct) * events / max(events.sum(), 1e-300)
        for material, share in zip(self.materials, shares, strict=True):
            tail = share
            if material.lattice is not None and share > 0:
                tail = (1 - BRAGG) * share
                for gy, gx in self._reflections(material.lattice.spacing, material.lattice.fold):
                    if _touches(ky - gy, alpha + edge) and _touches(kx - gx, alpha + edge):
                        out += BRAGG * share / material.lattice.fold * disk(ky - gy, kx - gx, alpha, edge)
            if tail > 0:
                out += tail * diffuse(ky**2 + kx**2, screening_angle(material.atomic_number, energy))
        return np.asarray(out * step**2)

    def _reflections(self, spacing: float, fold: int) -> NDArray[np.float64]:
        """Positions ``(fold, 2)`` [mrad] of reflections on the detector."""
        around = 2 * np.pi * np.arange(fold) / fold
        length = 1e3 * wavelength(self.optics.beam_energy) / spacing
        ring = length * np.stack([np.sin(around), np.cos(around)], axis=-1)
        return np.asarray(ring @ np.array(self.projection.orientation).T)


def diffraction(ground: Ground, optics: Optics, projection: Projection) -> Diffraction:
    """Look at a specimen with `optics` and a detector in the diffraction plane.

    The convergence semi-angle, the defocus and the source size make the probe that everything is averaged
    over.
    """
    probe = optics.probe
    bent = deflection(ground.potential.seen_by(probe), optics.beam_energy)
    return Diffraction(optics, projection, ground.materials, ground.thickness.seen_by(probe), bent)


def _touches(offsets: NDArray[np.float64], reach: float) -> bool:
    return bool(np.abs(offsets).min() < reach)
