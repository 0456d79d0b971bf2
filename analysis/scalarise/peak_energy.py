"""The energy of a peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .conditioned import Conditioned
from .estimate import Estimate
from .peak import peak_position
from .window import Window


@dataclass(frozen=True)
class PeakEnergy:
    """The energy [eV] of the highest maximum within `window` [eV], between channels.

    Attributes
    ----------
    window
        Where the peak lies [eV].
    smoothing
        Width of the running mean that tells the peak from noise [eV]; the position comes from the raw counts.
        By default a twentieth of the window.
    """

    window: Window
    smoothing: float | None = None

    kind: ClassVar[str] = "peak_energy"
    unit: ClassVar[str] = "eV"

    def __post_init__(self) -> None:
        width = self.window[1] - self.window[0]
        if self.smoothing is not None and not 0 <= self.smoothing < width:
            raise ValueError(
                f"smoothing {self.smoothing:g} eV does not fit the window: give 0 up to its width"
            )

    @property
    def windows(self) -> dict[str, Window]:
        """The windows that must lie on the axis."""
        return {"window": self.window}

    def estimate(self, spectrum: Conditioned) -> Estimate:
        """Find the vertex of the peak's crest on the aligned axis.

        The shift's own uncertainty enters; `spectrum.energy` holds its value already.
        """
        smoothing = (self.window[1] - self.window[0]) / 20 if self.smoothing is None else self.smoothing
        found = peak_position(spectrum.net, spectrum.variance, spectrum.energy, self.window, smoothing)
        return Estimate(found.value, found.gradient + spectrum.shift.gradient)
