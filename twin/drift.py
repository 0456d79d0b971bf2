"""Drift of the specimen under the beam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Drift:
    """Steady drift with `velocity` (y, x) [nm/s]."""

    velocity: tuple[float, float] = (0.0, 0.0)

    def displacement(self, time: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Displacement (y, x) of the specimen [nm] at `time` [s] since the start, each as `time` in shape."""
        return self.velocity[0] * time, self.velocity[1] * time
