"""Diffraction patterns as what is measured at each position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from bluesky.protocols import Readable
from bluesky.utils import MsgGenerator
from numpy.typing import NDArray

from stemline.analysis.descan import Descan

from .measurement import Measurement, Position
from .messages import value_of
from .protocols import Microscope, PatternScalariser, PixelArray, Scalar


@dataclass(frozen=True)
class Patterns:
    """A pattern at each position, its angles counted from where `descan` has the vacuum disk."""

    scalarise: PatternScalariser
    descan: Descan | None = None

    def detector(self, microscope: Microscope) -> PixelArray:
        """Give the pixel-array detector; ValueError without one."""
        found: PixelArray | None = getattr(microscope, "pixel_array", None)
        if found is None:
            raise ValueError("the microscope has no pixel-array detector: choose an instrument with one")
        return found

    def prepare(self, microscope: Microscope) -> MsgGenerator[Measurement]:
        """Read the angles; ValueError if the detector does not reach what the scalariser looks at."""
        camera = self.detector(microscope)
        ky = yield from _angles(camera.array_size_y, camera.ky_offset, camera.ky_dispersion)
        kx = yield from _angles(camera.array_size_x, camera.kx_offset, camera.kx_dispersion)
        self.scalarise.check_axis(ky, kx)

        def reduce(pattern: NDArray[np.generic], position: Position) -> Scalar:
            frame = pattern.reshape(ky.size, kx.size)
            if self.descan is None:
                return self.scalarise(frame, ky, kx)
            from_y, from_x = self.descan.centre(np.array(position))
            return self.scalarise(frame, ky - from_y, kx - from_x)

        return Measurement(camera, camera.pattern, reduce)

    def parameters(self) -> dict[str, object]:
        """Return the scalariser's, and the descan."""
        return {**self.scalarise.parameters(), **({"descan": self.descan} if self.descan else {})}


def _angles(
    size: Readable[Any], offset: Readable[Any], dispersion: Readable[Any]
) -> MsgGenerator[NDArray[np.float64]]:
    count = yield from value_of(size)
    first = yield from value_of(offset)
    step = yield from value_of(dispersion)
    return float(first) + float(step) * np.arange(int(count), dtype=np.float64)
