"""Configuration of the simulated pixel-array detector, and the modes of its two kinds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from stemline.twin.diffraction import Matrix, Projection
from stemline.twin.pixel_array import EMPAD, MERLIN

from .column import Column
from .frame_source import Mode, SimulatedFrameSource

LONGEST = 10.0  # [s] exposure of a frame

# Fewer bits are read out faster: 256 x 256 pixels of a Medipix3 take 1.8 thousand frames a second at 12 bit,
# and ten thousand at one bit only.
COUNTING: Mapping[str, Mode] = MappingProxyType(
    {
        "Counting12": Mode(replace(MERLIN, bit_depth=12), 5.5e-4, "counts"),
        "Counting6": Mode(replace(MERLIN, bit_depth=6), 2.8e-4, "counts"),
        "Counting1": Mode(replace(MERLIN, bit_depth=1), 1e-4, "counts"),
        "Counting24": Mode(replace(MERLIN, bit_depth=24), 1.1e-3, "counts"),
    }
)
INTEGRATING: Mapping[str, Mode] = MappingProxyType({"Integrating": Mode(EMPAD, 9e-4, "ADU")})  # 1.1 kHz

Pixels = Annotated[int, Field(ge=8, le=1024)]
Slope = Annotated[float, Field(ge=-10, le=10)]


class PixelArrayConfig(BaseModel):
    """A detector that counts, as a Merlin does, or one that integrates, as an EMPAD does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["counting", "integrating"] = Field(
        default="counting", description="what a pixel does with electrons"
    )
    # A disk of 10 mrad is 20 pixels wide, and the first reflections of metals, at some 18 mrad, are on it.
    shape: tuple[Pixels, Pixels] = Field(default=(64, 64), description="pixels (ky, kx)")
    step: float = Field(default=1.0, gt=0, le=20, description="angle from pixel to pixel [mrad]")
    rotation: float = Field(
        default=0.0, ge=-180, le=180, description="of the detector against the scan [deg]"
    )
    mirrored: bool = Field(default=False, description="whether ky is turned over")
    descan: tuple[Slope, Slope] = Field(
        default=(0.0, 0.0), description="how far the pattern moves with the probe (y, x) [mrad/nm]"
    )
    seed: int = Field(default=0, ge=0, description="seed of what belongs to this detector: defects, gains")

    @property
    def modes(self) -> Mapping[str, Mode]:
        """How it can record."""
        return COUNTING if self.kind == "counting" else INTEGRATING

    @property
    def projection(self) -> Projection:
        """How the diffraction plane lies on it."""
        return Projection(
            self.shape, self.step, self._orientation(), ((self.descan[0], 0), (0, self.descan[1]))
        )

    def create(self, column: Column, seed: int) -> SimulatedFrameSource:
        """Build the detector below a column; `seed` is that of the counting noise."""
        return SimulatedFrameSource(column, self.projection, self.modes, LONGEST, (seed, self.seed))

    def _orientation(self) -> Matrix:
        cos, sin = math.cos(math.radians(self.rotation)), math.sin(math.radians(self.rotation))
        flip = -1.0 if self.mirrored else 1.0
        return ((flip * cos, flip * sin), (-sin, cos))
