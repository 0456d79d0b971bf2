"""How far the beam is deflected: the centre of mass of the bright-field disk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..estimate import Estimate
from .pattern import Pattern, Vector

MAGNITUDE = "magnitude"


@dataclass(frozen=True)
class Deflection:
    """Centre of mass of what is within `radius` [mrad] of the centre: its magnitude, or one component.

    Attributes
    ----------
    component
        "magnitude", debiased; "y" or "x"; or a direction [deg] from +kx towards +ky.
    radius
        Of the disk and as much as it moves. Farther out, few electrons make much noise; the sharp edge takes
        no part of the disk while this is larger than its semi-angle and deflection together. None: all.
    """

    component: str | float = MAGNITUDE
    radius: float | None = None

    kind: ClassVar[str] = "deflection"
    unit: ClassVar[str] = "mrad"

    def __post_init__(self) -> None:
        check_component(self.component)
        if self.radius is not None and not self.radius > 0:
            raise ValueError(f"radius = {self.radius:g} mrad holds nothing: give a positive angle")

    @property
    def reach(self) -> float:
        """Angle the detector must cover [mrad]."""
        return self.radius or 0.0

    def looks_at(self, pattern: Pattern) -> NDArray[np.bool_]:
        """Tell the pixels within the radius."""
        return pattern.within(0.0, math.inf if self.radius is None else self.radius)

    def vector(self, pattern: Pattern) -> Vector:
        """Centre of mass (ky, kx) [mrad]."""
        return pattern.centre_of_mass(self.looks_at(pattern))

    def estimate(self, pattern: Pattern) -> Estimate:
        """Reduce the centre of mass to the component [mrad]."""
        return along(self.vector(pattern), self.component, pattern.variance)


def check_component(component: str | float) -> None:
    """Raise ValueError, in one line, if there is no such component of a vector."""
    named = component in (MAGNITUDE, "y", "x")
    if not named and (isinstance(component, str) or not math.isfinite(component)):
        raise ValueError(f"component = {component!r}: use magnitude, y, x, or a direction in degrees")


def along(vector: Vector, component: str | float, variance: NDArray[np.float64]) -> Estimate:
    """Reduce a vector (y, x) to one number.

    Noise makes a magnitude too large: its square, on average, by both variances. These are taken off, which
    leaves the square without bias; what is then below zero is zero. (Taking off one, as H. Gudbjartsson,
    S. Patz, Magn. Reson. Med. 34, 910 (1995) do, suits magnitudes of two sigmas and more, but leaves a map of
    weaker ones too large.)
    """
    y, x = vector
    if component == MAGNITUDE:
        raw = math.hypot(y.value, x.value)
        square = raw**2 - y.sigma(variance) ** 2 - x.sigma(variance) ** 2
        # The gradient of the raw magnitude: after debiasing, sigma would grow without bound towards zero.
        steep = (y * (y.value / raw) + x * (x.value / raw)) if raw > 0 else y
        return Estimate(math.sqrt(max(square, 0.0)) if math.isfinite(square) else math.nan, steep.gradient)
    if isinstance(component, str):
        return y if component == "y" else x
    angle = math.radians(component)
    return y * math.sin(angle) + x * math.cos(angle)
