"""A specimen with a long-range field: a junction across a gallium arsenide lamella, and quantum dots.

What is bright in HAADF and has steep edges, the dots of indium arsenide, has next to no field: the inner
potentials of the two arsenides are nearly equal. What has the field, the junction and the charged
dislocations, shows in HAADF by a little indium: on the p side, and gathered at the dislocations. (A step in
thickness would not do: 1 nm of it has 14 V nm of inner potential, more than the junction.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .electrostatics import ChargedLine, Junction
from .material import GALLIUM_ARSENIDE, INDIUM_ARSENIDE, Material

PERMITTIVITY = 12.9  # of gallium arsenide
STEP_WIDTH = 4.0  # [nm] over which the composition changes at the junction
GATHERED = 0.3  # of the gallium is replaced in the middle of what a dislocation gathers
GATHERED_RADIUS = 5.0  # [nm] of that, one standard deviation
SCREENING = 20.0  # [nm] of a dislocation's charge, at some 5e16 carriers per cm3
CORE = 6.0  # [nm] over which its charge is spread
ON_JUNCTION = 0.25  # of the dislocations lie within the junction
TRIALS = 100  # places tried for a dot before the film counts as full


@dataclass(frozen=True)
class DiodeDesign:
    """What to grow; lengths in nm.

    Attributes
    ----------
    extent
        Side of the square specimen.
    thickness
        Of the lamella.
    indium
        Share of the gallium that is replaced on the p side.
    voltage, width
        Across the junction [V], built-in and applied, and over which width it drops.
    dots, dot_radius
        Number of quantum dots and median of their log-normal radii.
    dislocations, line_charge
        Number and charge [e/nm], all along the beam.
    """

    extent: float = 400.0
    thickness: float = 30.0
    indium: float = 0.15
    voltage: float = 3.0
    width: float = 30.0
    dots: int = 60
    dot_radius: float = 8.0
    dislocations: int = 12
    line_charge: float = 1.0


@dataclass(frozen=True, eq=False)
class Diode:
    """Geometry and charges; positions ``(n, 2)`` as (y, x) [nm] from the centre."""

    design: DiodeDesign
    junction: Junction
    lines: tuple[ChargedLine, ...]
    centres: NDArray[np.float64]  # of the dots, (dots, 2)
    radii: NDArray[np.float64]  # (dots,)

    materials: ClassVar[tuple[Material, ...]] = (GALLIUM_ARSENIDE, INDIUM_ARSENIDE)

    @property
    def extent(self) -> float:
        """Side of the specimen [nm]."""
        return self.design.extent

    def thickness(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Projected thickness of each of `materials` [nm], shape ``(2, *y.shape)``."""
        across = self.junction.distance(y, x)
        indium = self.design.indium / 2 * (1 + np.tanh(2 * across / STEP_WIDTH))
        for line in self.lines:
            square = (y - line.point[0]) ** 2 + (x - line.point[1]) ** 2
            indium = indium + GATHERED * np.exp(-square / (2 * GATHERED_RADIUS**2))
        dots = np.zeros(y.shape)
        for (cy, cx), radius in zip(self.centres, self.radii, strict=True):
            dots += 2 * np.sqrt(np.maximum(radius**2 - (y - cy) ** 2 - (x - cx) ** 2, 0.0))
        dots = np.minimum(dots, self.design.thickness)
        replaced = dots + np.minimum(indium, 1.0) * (self.design.thickness - dots)
        return np.stack([self.design.thickness - replaced, replaced])

    def potential(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Projected potential of the charges [V nm], shaped as `y`."""
        volts = self.junction.potential(y, x)
        for line in self.lines:
            volts = volts + line.potential(y, x)
        return volts * self.design.thickness


def grow_diode(design: DiodeDesign, rng: np.random.Generator) -> Diode:
    """Grow a diode; the same design and state of `rng` give the same one."""
    point = rng.uniform(-0.08, 0.08, 2) * design.extent
    junction = Junction((point[0], point[1]), rng.uniform(0, 2 * np.pi), design.voltage, design.width)
    along = np.array([np.sin(junction.direction), np.cos(junction.direction)])
    lines = []
    for number in range(design.dislocations):
        place = rng.uniform(-0.5, 0.5, 2) * design.extent
        if number < ON_JUNCTION * design.dislocations:
            # A quarter of a width aside, where the two fields add up.
            aside = np.array([along[1], -along[0]]) * rng.uniform(-0.25, 0.25) * design.width
            place = point + aside + along * rng.uniform(-0.5, 0.5) * design.extent
        lines.append(ChargedLine((place[0], place[1]), design.line_charge, SCREENING, PERMITTIVITY, CORE))
    centres: list[NDArray[np.float64]] = []
    radii: list[float] = []
    taken = np.array([line.point for line in lines]).reshape(-1, 2)
    for _ in range(design.dots):
        radius = design.dot_radius * float(np.exp(rng.normal(0, 0.2)))
        for _ in range(TRIALS):
            centre = rng.uniform(-0.5, 0.5, 2) * design.extent
            apart = np.hypot(*(np.reshape(centres, (-1, 2)) - centre).T) - radius - np.array(radii)
            if np.all(apart > 2.0) and np.all(np.hypot(*(taken - centre).T) > radius + 2 * GATHERED_RADIUS):
                centres.append(centre)
                radii.append(radius)
                break
    return Diode(design, junction, tuple(lines), np.array(centres).reshape(-1, 2), np.array(radii))
