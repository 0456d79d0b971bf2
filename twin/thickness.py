"""Projected thickness of a specimen, sampled once and seen by a probe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from .probe import Probe
from .specimen import Specimen


@dataclass(frozen=True, eq=False)
class ThicknessMap:
    """Thickness of each material [nm], shape ``(materials, n, n)``, every `spacing` [nm]; vacuum beyond."""

    maps: NDArray[np.float64]
    spacing: float

    @property
    def extent(self) -> float:
        """Side of the map [nm]."""
        return self.spacing * (len(self.maps[0]) - 1)

    def seen_by(self, probe: Probe) -> ThicknessMap:
        """Average over the probe."""
        return ThicknessMap(probe.blur(self.maps, self.spacing), self.spacing)

    def at(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Thickness of each material [nm], shape ``(materials, *y.shape)``, at positions [nm]."""
        centre = (self.maps.shape[-1] - 1) / 2
        where = [y / self.spacing + centre, x / self.spacing + centre]
        return np.stack([map_coordinates(one, where, order=1) for one in self.maps])


def thickness_map(specimen: Specimen, spacing: float = 0.5) -> ThicknessMap:
    """Sample a specimen every `spacing` [nm]: finer than the pixels of a survey and than the edges matter."""
    count = round(specimen.extent / spacing) + 1
    along = (np.arange(count) - (count - 1) / 2) * spacing
    return ThicknessMap(specimen.thickness(*np.meshgrid(along, along, indexing="ij")), spacing)
