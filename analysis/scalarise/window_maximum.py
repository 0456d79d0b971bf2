"""The height of the highest point in an energy window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .conditioned import Conditioned
from .estimate import Estimate
from .peak import smoothed
from .window import Window, window_weights


@dataclass(frozen=True)
class WindowMaximum:
    """The largest net counts a channel within `window` [eV], averaged over `smoothing` [eV].

    The highest of many noisy channels lies above the truth, by a few sigma when nothing is there: choose a
    `smoothing` near the width of the line. `sigma` is that of the average, and does not hold this bias.
    """

    window: Window
    smoothing: float = 0.0

    kind: ClassVar[str] = "window_maximum"
    unit: ClassVar[str] = "counts"

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < self.window[1] - self.window[0]:
            raise ValueError(
                f"smoothing {self.smoothing:g} eV does not fit the window: give 0 up to its width"
            )

    @property
    def windows(self) -> dict[str, Window]:
        """The windows that must lie on the axis."""
        return {"window": self.window}

    def estimate(self, spectrum: Conditioned) -> Estimate:
        """Find the maximum of the running mean."""
        inside = np.flatnonzero(window_weights(spectrum.energy, self.window) > 0)
        curve, channels = smoothed(spectrum.net.values, spectrum.energy, self.smoothing)
        top = int(inside[curve[inside].argmax()])
        weights = np.zeros(curve.size)
        weights[max(top - channels // 2, 0) : top + channels // 2 + 1] = 1 / channels
        return spectrum.net.weighted_sum(weights / weights.sum()) / spectrum.divisor
