"""The ratio of two energy windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .conditioned import Conditioned
from .estimate import Estimate
from .window import Window


@dataclass(frozen=True)
class WindowRatio:
    """Net counts in `window` over those in `reference_window` [eV].

    NaN, and flagged, where the reference is not positive. Thickness and current cancel.
    """

    window: Window
    reference_window: Window

    kind: ClassVar[str] = "window_ratio"
    unit: ClassVar[str] = ""

    @property
    def windows(self) -> dict[str, Window]:
        """The windows that must lie on the axis."""
        return {"window": self.window, "reference_window": self.reference_window}

    def estimate(self, spectrum: Conditioned) -> Estimate:
        """Divide the two sums."""
        return spectrum.integral(self.window) / spectrum.integral(self.reference_window)
