"""The intensity of an energy window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .conditioned import Conditioned
from .estimate import Estimate
from .window import Window


@dataclass(frozen=True)
class IntegratedIntensity:
    """Net counts summed over `window` [eV]; a channel partly inside counts in part."""

    window: Window

    kind: ClassVar[str] = "integrated_intensity"
    unit: ClassVar[str] = "counts"

    @property
    def windows(self) -> dict[str, Window]:
        """The windows that must lie on the axis."""
        return {"window": self.window}

    def estimate(self, spectrum: Conditioned) -> Estimate:
        """Sum the window."""
        return spectrum.integral(self.window)
