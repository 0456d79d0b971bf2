"""Strain from where the Bragg disks lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..estimate import Estimate, constant
from .pattern import Pattern, Vector


@dataclass(frozen=True)
class DiskStrain:
    """Strain of the lattice against that with reflections at `first` and `second` (ky, kx) [mrad].

    Each reflection is half the way from the centre of mass of the disk at ``-g`` to that at ``+g``, so that a
    deflection cancels. To first order, with the change of the reciprocal lattice ``M = dG G^-1``, the strain
    of the real one is the symmetric part of ``-M``, its rotation the other one.

    Refused where disks overlap: the centre of mass of a disk that shares electrons with another is biased
    towards it, and interference makes it worse.

    Attributes
    ----------
    semi_angle
        Of the disks [mrad].
    component
        "yy", "xx", "xy" (half the shear), "rotation" [rad, from +x towards +y], or "dilation" (yy + xx).
    """

    first: tuple[float, float]
    second: tuple[float, float]
    semi_angle: float
    component: Literal["yy", "xx", "xy", "rotation", "dilation"] = "dilation"

    kind: ClassVar[str] = "disk_strain"
    unit: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if self.component not in ("yy", "xx", "xy", "rotation", "dilation"):
            raise ValueError(f"component = {self.component!r}: use yy, xx, xy, rotation or dilation")
        area = abs(self.first[0] * self.second[1] - self.first[1] * self.second[0])
        if not area > 1e-6 * math.hypot(*self.first) * math.hypot(*self.second):
            raise ValueError("first and second lie on one line: give two directions")
        if not 2 * self.semi_angle < self._nearest:
            raise ValueError(
                f"disks of {self.semi_angle:g} mrad overlap, {self._nearest:.4g} mrad being the nearest two: "
                f"use a convergence semi-angle below {self._nearest / 2:.4g} mrad"
            )

    @property
    def reach(self) -> float:
        """Angle the detector must cover [mrad]."""
        return max(math.hypot(*self.first), math.hypot(*self.second)) + self._radius

    def looks_at(self, pattern: Pattern) -> NDArray[np.bool_]:
        """Tell the pixels of the four disks."""
        disks = [self._disk(pattern, g, sign) for g in (self.first, self.second) for sign in (1, -1)]
        return np.asarray(np.logical_or.reduce(disks))

    def estimate(self, pattern: Pattern) -> Estimate:
        """Compare the two reflections with their references."""
        changes = [self._change(pattern, g) for g in (self.first, self.second)]
        inverse = np.linalg.inv(np.array([self.first, self.second]).T)
        # M[i, j], row by row; axes (y, x).
        m = [
            [changes[0][i] * inverse[0, j] + changes[1][i] * inverse[1, j] for j in range(2)]
            for i in range(2)
        ]
        parts: dict[str, Estimate] = {
            "yy": m[0][0] * -1.0,
            "xx": m[1][1] * -1.0,
            "xy": (m[0][1] + m[1][0]) * -0.5,
            "rotation": (m[0][1] + m[1][0] * -1.0) * 0.5,
            "dilation": (m[0][0] + m[1][1]) * -1.0,
        }
        return parts[self.component]

    def _change(self, pattern: Pattern, g: tuple[float, float]) -> Vector:
        plus, minus = (pattern.centre_of_mass(self._disk(pattern, g, sign)) for sign in (1, -1))
        size = pattern.counts.size
        y, x = (
            (a + b * -1.0) * 0.5 + constant(-reference, size)
            for a, b, reference in zip(plus, minus, g, strict=True)
        )
        return y, x

    def _disk(self, pattern: Pattern, g: tuple[float, float], sign: int) -> NDArray[np.bool_]:
        return pattern.within(0.0, self._radius, (sign * g[0], sign * g[1]))

    @property
    def _radius(self) -> float:
        # So that the disk may move, and no neighbour comes in.
        return min(2 * self.semi_angle, self._nearest - self.semi_angle)

    @property
    def _nearest(self) -> float:
        (ay, ax), (by, bx) = self.first, self.second
        return min(
            math.hypot(i * ay + j * by, i * ax + j * bx)
            for i in range(-3, 4)
            for j in range(-3, 4)
            if (i, j) != (0, 0)
        )
