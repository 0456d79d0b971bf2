"""Potentials of charges in a thin film: a junction, and a charged line along the beam."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import k0

CHARGE_OVER_PERMITTIVITY = 18.095_128  # [V nm]: elementary charge over that of vacuum


@dataclass(frozen=True)
class Junction:
    """Where the potential rises by `voltage` [V] within `width` [nm]: a p-n junction, a charged wall.

    ``V = voltage / 2 tanh(2 s / width)`` at a distance s from the line through `point` (y, x) [nm] along
    `direction` [rad from +x towards +y]; the field is ``voltage / width`` at most, on the line, across it.
    """

    point: tuple[float, float]
    direction: float
    voltage: float
    width: float

    def distance(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Signed distance of points from the line [nm]; it grows with y for a line along +x."""
        across_y, across_x = math.cos(self.direction), -math.sin(self.direction)
        return (y - self.point[0]) * across_y + (x - self.point[1]) * across_x

    def potential(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Potential [V], shaped as `y`."""
        return np.asarray(self.voltage / 2 * np.tanh(2 * self.distance(y, x) / self.width))


@dataclass(frozen=True)
class ChargedLine:
    """A line along the beam with `charge` [e/nm]: a dislocation that has caught carriers.

    The screened potential of a line, ``charge / (2 pi eps) K0(r / screening)``, with the charge spread over
    `core` [nm]; W. T. Read, Philos. Mag. 45, 775 (1954) has the problem.
    """

    point: tuple[float, float]
    charge: float
    screening: float
    permittivity: float
    core: float

    def potential(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Potential [V], shaped as `y`."""
        apart = np.hypot(np.hypot(y - self.point[0], x - self.point[1]), self.core)
        scale = self.charge * CHARGE_OVER_PERMITTIVITY / (2 * math.pi * self.permittivity)
        return np.asarray(scale * k0(apart / self.screening))
