"""Quantities projected along the beam, sampled over the specimen once and seen by a probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from .probe import Probe

Projected = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class SampledMap:
    """Quantities over the specimen, shape ``(quantities, n, n)``, every `spacing` [nm]; zero beyond."""

    maps: NDArray[np.float64]
    spacing: float

    @property
    def extent(self) -> float:
        """Side of the map [nm]."""
        return self.spacing * (len(self.maps[0]) - 1)

    def seen_by(self, probe: Probe) -> SampledMap:
        """Average over the probe."""
        return SampledMap(probe.blur(self.maps, self.spacing), self.spacing)

    def at(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Each quantity at positions [nm], shape ``(quantities, *y.shape)``; linear between the samples."""
        centre = (self.maps.shape[-1] - 1) / 2
        where = [y / self.spacing + centre, x / self.spacing + centre]
        found = [map_coordinates(one, where, order=1) for one in self.maps]
        return np.array(found, np.float64).reshape(len(self.maps), *np.shape(y))


def sampled(projected: Projected, extent: float, spacing: float = 0.5) -> SampledMap:
    """Sample `projected`, of y and x [nm], over a square of side `extent` [nm].

    Every `spacing` [nm]: finer than the pixels of a survey and than the edges matter.
    """
    count = round(extent / spacing) + 1
    along = (np.arange(count) - (count - 1) / 2) * spacing
    return SampledMap(projected(*np.meshgrid(along, along, indexing="ij")), spacing)
