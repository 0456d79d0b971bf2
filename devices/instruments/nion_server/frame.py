"""Frames in Nion's terms: a square context in nm, with what is scanned as a part of it.

Nion's software is not of one mind about the field of view of a frame that is not square (usim takes it for
the height, calibrations for the longer side): the context is always square, a frame is a sub-scan of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..nion.wire import BadRequest

LARGEST = 8192  # pixels along a side


@dataclass(frozen=True)
class Frame:
    """What probe positions refer to: ``(ny, nx)`` pixels of ``field_of_view / nx`` [m], turned [rad].

    Attributes
    ----------
    rotation
        Anticlockwise as displayed; Nion's is clockwise.
    """

    ny: int
    nx: int
    field_of_view: float
    rotation: float

    def __post_init__(self) -> None:
        if not (1 <= self.ny <= LARGEST and 1 <= self.nx <= LARGEST):
            raise BadRequest(f"{self.ny} x {self.nx} pixels: ask for 1 to {LARGEST} along each side")
        if not (math.isfinite(self.field_of_view) and self.field_of_view > 0):
            raise BadRequest(f"field of view {self.field_of_view:g} m: ask for a positive length")
        if not math.isfinite(self.rotation):
            raise BadRequest(f"rotation {self.rotation:g} rad: ask for a number")

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Frame:
        """Read what a request says of its frame."""
        try:
            return cls(**described)
        except TypeError as error:
            raise BadRequest(
                f"a frame is ny, nx, field_of_view and rotation, not {dict(described)}"
            ) from error

    @property
    def pixel(self) -> float:
        """Side of a pixel [m]."""
        return self.field_of_view / self.nx

    @property
    def side(self) -> int:
        """Pixels along a side of the square around it."""
        return max(self.ny, self.nx)

    def context(self, dwell_time: float) -> dict[str, Any]:
        """Nion's parameters of the square; `dwell_time` [s]."""
        return {
            "pixel_size": (self.side, self.side),
            "fov_nm": self.side * self.pixel * 1e9,
            "rotation_rad": -self.rotation,
            "center_nm": (0.0, 0.0),
            "pixel_time_us": dwell_time * 1e6,
        }

    def whole(self, dwell_time: float) -> dict[str, Any]:
        """Nion's parameters of a scan of the frame."""
        if self.ny == self.nx:
            return self.context(dwell_time)
        return self.part((0.0, 0.0), (self.ny, self.nx), dwell_time)

    def part(self, centre: tuple[float, float], shape: tuple[int, int], dwell_time: float) -> dict[str, Any]:
        """Nion's parameters of a scan of ``(ny, nx)`` of its pixels around ``(y, x)`` [m]."""
        return self.context(dwell_time) | {
            "subscan_pixel_size": shape,
            "subscan_fractional_size": (shape[0] / self.side, shape[1] / self.side),
            "subscan_fractional_center": self.fraction(*centre),
            "subscan_rotation": 0.0,
        }

    def fraction(self, y: float, x: float) -> tuple[float, float]:
        """Nion's position in the square, 0 to 1 along each side, of (y, x) [m] from its centre."""
        extent = self.side * self.pixel
        return 0.5 + y / extent, 0.5 + x / extent
