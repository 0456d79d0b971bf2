"""A simple polygon: which points it contains, how far they are from its sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Polygon:
    """A simple polygon with `corners` ``(n, 2)`` as (y, x) [nm], in order."""

    corners: NDArray[np.float64]

    @property
    def sides(self) -> NDArray[np.float64]:
        """Start and end of each side, shape ``(n, 2, 2)`` [nm]."""
        return np.stack([self.corners, np.roll(self.corners, -1, axis=0)], axis=1)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Lengths of the sides, shape ``(n,)`` [nm]."""
        along = self.sides[:, 1] - self.sides[:, 0]
        return np.asarray(np.hypot(along[:, 0], along[:, 1]))

    def contains(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each point lies inside: a ray to the right crosses the sides an odd number of times."""
        inside = np.zeros(np.shape(y), bool)
        for (y0, x0), (y1, x1) in self.sides:
            if y0 != y1:
                crosses = (y0 > y) != (y1 > y)
                inside ^= crosses & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        return inside

    def distance(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of each point to the nearest side [nm]."""
        nearest = np.full(np.shape(y), np.inf)
        for start, end in self.sides:
            along = end - start
            part = ((y - start[0]) * along[0] + (x - start[1]) * along[1]) / (along @ along)
            part = np.clip(part, 0, 1)
            apart = np.hypot(y - start[0] - part * along[0], x - start[1] - part * along[1])
            nearest = np.minimum(nearest, apart)
        return nearest

    def outside(self, part: float, distance: float) -> NDArray[np.float64]:
        """Point (y, x) [nm] at `distance` off the side that lies at `part` (0 to 1) of the perimeter."""
        ends = np.cumsum(self.lengths)
        along = part * ends[-1]
        side = min(int(np.searchsorted(ends, along, side="right")), len(ends) - 1)
        start, end = self.sides[side]
        direction = (end - start) / self.lengths[side]
        point = start + (along - ends[side] + self.lengths[side]) * direction
        normal = np.array([direction[1], -direction[0]])
        inward = np.mean(self.corners, axis=0) - point
        away = -normal if normal @ inward > 0 else normal
        return np.asarray(point + distance * away)
