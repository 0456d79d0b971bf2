"""The specimen: a silver flake and gold particles on a carbon film with a hole, grown from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .material import CARBON, GOLD, SILVER, Material
from .polygon import Polygon

MATERIALS = (CARBON, SILVER, GOLD)  # of the film, the flake and the particles: the order of thickness maps
LARGEST_GAP = 3.0  # [nm] between the flake and a particle attached to its edge
SMALLEST_GAP = 0.5  # [nm]
ATTACHED = 0.2  # of the particles sit at the edge of the flake
TRIALS = 100  # places tried for a particle before the field counts as full


@dataclass(frozen=True)
class Design:
    """What to grow; lengths in nm.

    Attributes
    ----------
    extent
        Side of the square specimen.
    flake_radius, flake_corners, flake_thickness
        Mean distance of the corners from the centre of the flake, their number, and the thickness.
    particles, particle_radius
        Number on the whole specimen, and median of their log-normal radii.
    support_thickness, hole_radius
        Of the carbon film and of the hole in it; beyond the film there is vacuum.
    """

    extent: float = 400.0
    flake_radius: float = 66.0
    flake_corners: int = 5
    flake_thickness: float = 5.0
    particles: int = 70
    particle_radius: float = 6.0
    support_thickness: float = 10.0
    hole_radius: float = 90.0


@dataclass(frozen=True, eq=False)
class Specimen:
    """Geometry of the specimen; positions ``(n, 2)`` as (y, x) [nm] from its centre."""

    extent: float
    support_thickness: float
    hole: tuple[float, float, float]  # y, x, radius
    flake: Polygon
    flake_thickness: float
    centres: NDArray[np.float64]  # (particles, 2)
    radii: NDArray[np.float64]  # (particles,)

    materials: ClassVar[tuple[Material, ...]] = MATERIALS

    def thickness(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Projected thickness of each of `MATERIALS` [nm], shape ``(3, *y.shape)``."""
        hole_y, hole_x, hole_radius = self.hole
        out = np.zeros((len(MATERIALS), *y.shape))
        out[0] = np.where(np.hypot(y - hole_y, x - hole_x) < hole_radius, 0.0, self.support_thickness)
        out[1] = np.where(self.flake.contains(y, x), self.flake_thickness, 0.0)
        for (cy, cx), radius in zip(self.centres, self.radii, strict=True):
            inside = np.maximum(radius**2 - (y - cy) ** 2 - (x - cx) ** 2, 0.0)
            out[2] += 2 * np.sqrt(inside)
        return out

    def potential(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Projected potential of charges [V nm], shaped as `y`: there are none."""
        return np.zeros(y.shape)


def grow(design: Design, rng: np.random.Generator) -> Specimen:
    """Grow a specimen; the same design and state of `rng` give the same specimen."""
    flake = _flake(design, rng)
    angle = rng.uniform(0, 2 * np.pi)
    reach = 0.9 * design.flake_radius + 0.4 * design.hole_radius
    hole = (reach * np.sin(angle), reach * np.cos(angle), design.hole_radius)
    centres, radii = _particles(design, flake, hole, rng)
    return Specimen(
        design.extent, design.support_thickness, hole, flake, design.flake_thickness, centres, radii
    )


def _flake(design: Design, rng: np.random.Generator) -> Polygon:
    """Corners at uneven angles, so that no two sides are equally long and no two resonate alike."""
    count = design.flake_corners
    angles = 2 * np.pi * (np.arange(count) + rng.uniform(-0.3, 0.3, count)) / count
    radii = design.flake_radius * rng.uniform(0.85, 1.15, count)
    centre = rng.uniform(-0.25, 0.25, 2) * design.flake_radius
    return Polygon(centre + radii[:, None] * np.column_stack([np.sin(angles), np.cos(angles)]))


def _particles(
    design: Design, flake: Polygon, hole: tuple[float, float, float], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Particles that do not touch; over the hole only at the flake's edge or on the flake."""
    centres: list[NDArray[np.float64]] = []
    radii: list[float] = []
    for number in range(design.particles):
        radius = design.particle_radius * float(np.exp(rng.normal(0, 0.25)))
        for _ in range(TRIALS):
            if number < ATTACHED * design.particles:
                centre = flake.outside(rng.uniform(), radius + rng.uniform(SMALLEST_GAP, LARGEST_GAP))
            else:
                centre = rng.uniform(-design.extent / 2, design.extent / 2, 2)
                over_hole = np.hypot(*(centre - hole[:2])) < hole[2]
                if over_hole and not flake.contains(*np.array(centre)):
                    continue
            apart = np.hypot(*(np.reshape(centres, (-1, 2)) - centre).T)
            if np.all(apart - radius - np.array(radii) > SMALLEST_GAP):
                centres.append(centre)
                radii.append(radius)
                break
    return np.array(centres).reshape(-1, 2), np.array(radii)
