"""Virtual detectors: the electrons within an annulus, as a share of those within another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..estimate import Estimate
from .pattern import Pattern

Annulus = tuple[float, float]  # inner, outer [mrad]


@dataclass(frozen=True)
class VirtualDetectorRatio:
    """Counts within `annulus` over those within `reference_annulus` [mrad]; None: of the whole detector.

    NaN, and flagged, where the reference is not positive. The beam current cancels.
    """

    annulus: Annulus
    reference_annulus: Annulus | None = None

    kind: ClassVar[str] = "virtual_detector_ratio"
    unit: ClassVar[str] = ""

    @property
    def reach(self) -> float:
        """Angle the detector must cover [mrad]."""
        return max(self.annulus[1], self.reference_annulus[1] if self.reference_annulus else 0.0)

    def looks_at(self, pattern: Pattern) -> NDArray[np.bool_]:
        """Tell the pixels of both annuli."""
        return pattern.within(*self.annulus) | self._reference(pattern)

    def estimate(self, pattern: Pattern) -> Estimate:
        """Divide the two sums."""
        return pattern.sum(pattern.within(*self.annulus)) / pattern.sum(self._reference(pattern))

    def _reference(self, pattern: Pattern) -> NDArray[np.bool_]:
        return pattern.within(*(self.reference_annulus or (0.0, math.inf)))


def as_annulus(name: str, given: Sequence[float]) -> Annulus:
    """Make an annulus of two numbers; ValueError unless they are ascending and not negative."""
    try:
        inner, outer = map(float, () if isinstance(given, str) else given)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {given!r} is no annulus: give [inner, outer] in mrad") from None
    if not (0 <= inner < outer < math.inf):
        raise ValueError(f"{name} = [{inner:g}, {outer:g}] mrad is empty: give [inner, outer], inner < outer")
    return inner, outer
