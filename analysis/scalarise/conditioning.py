"""The parameters of what is done to a spectrum before a number is taken from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .alignment import ALIGNMENTS, channel_shift
from .background import BACKGROUNDS
from .window import Window, as_window, bounds, check_inside, dispersion, overlap

NORMALISATIONS = ("none", "zero_loss", "total")


@dataclass(frozen=True)
class Conditioning:
    """Named parameters that all scalarisers share.

    Windows are on the aligned axis, `search` on the recorded one.

    Attributes
    ----------
    background
        "none"; "power_law" ``A E^-r`` and "exponential" ``A exp(-E / tau)``, for core loss and smooth low
        loss; "zero_loss_tail", a power law of the distance from the zero-loss peak itself.
    fit_window
        Where the background is fitted [eV]; beside the scalariser's windows.
    alignment
        "none"; "zero_loss": the zero-loss peak to 0 eV; "channel": `channel` to `reference`; "edge": the
        highest maximum within `search` to `reference`.
    reference
        Energy [eV] where the channel or edge belongs.
    search
        Where the zero-loss peak or the edge is looked for [eV].
    channel
        Number of the reference channel.
    normalisation
        "none"; "zero_loss": divided by the counts in `normalisation_window`; "total": by all counts.
    normalisation_window
        Of the zero-loss peak [eV].
    gain
        Counts per electron: the variance of n counts is ``gain * n``.
    saturation
        Counts at which a channel is full; None if unknown.
    minimum_electrons
        Fewer in a window are flagged: below 10 electrons Poisson's law is no Gaussian.
    """

    background: str = "none"
    fit_window: Window | None = None
    alignment: str = "none"
    reference: float | None = None
    search: Window | None = None
    channel: int | None = None
    normalisation: str = "none"
    normalisation_window: Window = (-1.0, 1.0)
    gain: float = 1.0
    saturation: float | None = None
    minimum_electrons: float = 10.0

    def __post_init__(self) -> None:
        for name, allowed in (
            ("background", BACKGROUNDS),
            ("alignment", ALIGNMENTS),
            ("normalisation", NORMALISATIONS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} {getattr(self, name)!r} is unknown: use one of {', '.join(allowed)}"
                )
        needed = {
            "fit_window": self.background != "none",
            "reference": self.alignment in ("channel", "edge"),
            "channel": self.alignment == "channel",
            "search": self.alignment == "edge",
        }
        for name, is_needed in needed.items():
            if is_needed and getattr(self, name) is None:
                why = (
                    f"background {self.background}" if name == "fit_window" else f"alignment {self.alignment}"
                )
                raise ValueError(f"{why} needs {name}: give it")
        for name in ("fit_window", "search", "normalisation_window"):
            if getattr(self, name) is not None:
                as_window(name, getattr(self, name))
        if not (math.isfinite(self.gain) and self.gain > 0):
            raise ValueError(f"gain {self.gain} counts per electron is impossible: give a positive number")
        if self.background == "power_law" and self.fit_window is not None and self.fit_window[0] <= 0:
            raise ValueError(
                "a power law has no value at 0 eV: start fit_window above it, or use zero_loss_tail"
            )

    @property
    def zero_loss_search(self) -> Window:
        """Where the zero-loss peak is looked for [eV, recorded]."""
        # 3 eV: wider than spectrometers drift in a session, narrower than any plasmon
        return self.search if self.search is not None and self.alignment == "zero_loss" else (-3.0, 3.0)

    def check_windows(self, windows: dict[str, Window]) -> None:
        """Raise ValueError unless the scalariser's `windows` are free of the fit window and in its domain."""
        for name, window in windows.items():
            as_window(name, window)
            if self.fit_window is not None and self.background != "none":
                if overlap(window, self.fit_window):
                    raise ValueError(f"{name} overlaps fit_window, whose counts are background: part them")
                if self.background != "exponential" and window[0] <= 0:
                    raise ValueError(f"{name} starts at or below 0 eV, where {self.background} has no value")

    def check_axis(self, energy: NDArray[np.float64], windows: dict[str, Window]) -> None:
        """Raise ValueError, in one line, when a window or the alignment's reference is off the axis."""
        step, recorded = dispersion(energy), bounds(energy)
        low, high = recorded
        if (self.alignment == "zero_loss" or self.background == "zero_loss_tail") and not low < 0 < high:
            raise ValueError(
                f"the zero-loss peak is off the energy axis [{low:g}, {high:g}] eV: "
                "choose another alignment and background, or another offset"
            )
        if self.channel is not None and not 0 <= self.channel < energy.size:
            raise ValueError(f"channel {self.channel} is off the energy axis of {energy.size} channels")
        if self.alignment == "edge" and self.search is not None:
            check_inside("search", self.search, recorded, step)
        aligned = self._reach(energy)
        for name, window in (windows | self._own_windows()).items():
            check_inside(name, window, aligned, step)

    def _own_windows(self) -> dict[str, Window]:
        """Windows used besides the scalariser's."""
        own = {}
        if self.background != "none" and self.fit_window is not None:
            own["fit_window"] = self.fit_window
        if self.normalisation == "zero_loss":
            own["normalisation_window"] = self.normalisation_window
        return own

    def _reach(self, energy: NDArray[np.float64]) -> Window:
        """Give the ends of the aligned axis; for an edge, at its largest shift to either side."""
        low, high = bounds(energy)
        if self.alignment == "channel" and self.reference is not None and self.channel is not None:
            shift = channel_shift(energy, self.channel, self.reference).value
            return low + shift, high + shift
        if self.alignment == "edge" and self.reference is not None and self.search is not None:
            return low + self.reference - self.search[1], high + self.reference - self.search[0]
        return low, high
