"""A spectrum made ready for scalarisation: aligned, freed of its background, with its divisor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .alignment import channel_shift, edge_shift, zero_loss_shift
from .background import FitFailedError, Net, exponential, power_law, subtract_fitted, subtract_none
from .conditioning import Conditioning
from .estimate import Estimate, constant
from .result import Flags, ScalarResult
from .window import Window, bounds, check_inside, dispersion, window_weights


@dataclass(frozen=True, eq=False)
class Conditioned:
    """A spectrum ready for scalarisation: aligned ``energy`` [eV] and ``net`` counts, both ``(energy,)``."""

    energy: NDArray[np.float64]
    net: Net
    variance: NDArray[np.float64]
    shift: Estimate
    divisor: Estimate
    flags: Flags

    def integral(self, window: Window) -> Estimate:
        """Sum the net counts within `window` [eV], divided as the normalisation says."""
        return self.net.weighted_sum(window_weights(self.energy, window)) / self.divisor

    def result(self, estimate: Estimate) -> ScalarResult:
        """Turn an estimate into a result; one that is not finite is flagged."""
        flags = self.flags if math.isfinite(estimate.value) else self.flags | Flags.FIT_FAILED
        return ScalarResult(estimate.value, estimate.sigma(self.variance), flags, self.shift.value)


def condition(
    how: Conditioning, spectrum: NDArray[np.generic], energy: NDArray[np.float64], windows: dict[str, Window]
) -> Conditioned:
    """Align, subtract and find the divisor.

    Raises
    ------
    ValueError
        If spectrum and axis don't fit, or a count is not finite.
    FitFailedError
        If this spectrum has no zero-loss peak, edge or background to be found, or is shifted off its windows.
    """
    counts = np.asarray(spectrum, dtype=np.float64)
    if counts.shape != energy.shape:
        raise ValueError(f"a spectrum of shape {counts.shape} does not fit an energy axis of {energy.shape}")
    if not np.isfinite(counts).all():
        raise ValueError(f"the spectrum is not finite at channel {int(np.argmin(np.isfinite(counts)))}")
    shift = _shift(how, counts, energy)
    aligned = energy + shift.value
    masks = {name: window_weights(aligned, window) for name, window in windows.items()}
    used = sum(masks.values(), np.zeros(energy.size))
    fitted = np.zeros(energy.size)
    if how.background != "none" and how.fit_window is not None:
        fitted = window_weights(aligned, how.fit_window)
    try:
        for name, window in windows.items():
            check_inside(name, window, bounds(aligned), dispersion(aligned))
    except ValueError as error:
        raise FitFailedError(str(error)) from None
    net = _subtract(how, counts, energy, aligned, fitted)
    divided = _divided(how, aligned)
    divisor = subtract_none(counts).weighted_sum(divided) if divided.any() else constant(1.0, energy.size)

    flags = Flags.NONE
    touched = (used > 0) | (fitted > 0) | (divided > 0) | (shift.gradient != 0)
    if how.saturation is not None and (counts[touched] >= how.saturation).any():
        flags |= Flags.SATURATED
    if any(mask @ counts < how.minimum_electrons * how.gain for mask in masks.values()):
        flags |= Flags.TOO_FEW_COUNTS
    variance = how.gain * np.maximum(counts, 0.0)
    return Conditioned(aligned, net, variance, shift, divisor, flags)


def _shift(how: Conditioning, counts: NDArray[np.float64], energy: NDArray[np.float64]) -> Estimate:
    if how.alignment == "zero_loss":
        return zero_loss_shift(counts, energy, how.zero_loss_search)
    if how.alignment == "channel" and how.channel is not None and how.reference is not None:
        return channel_shift(energy, how.channel, how.reference)
    if how.alignment == "edge" and how.search is not None and how.reference is not None:
        return edge_shift(counts, energy, how.search, how.reference)
    return constant(0.0, energy.size)


def _subtract(
    how: Conditioning,
    counts: NDArray[np.float64],
    energy: NDArray[np.float64],
    aligned: NDArray[np.float64],
    fitted: NDArray[np.float64],
) -> Net:
    if how.background == "none":
        return subtract_none(counts)
    if how.background == "exponential":
        return subtract_fitted(counts, exponential(aligned), fitted)
    if how.background == "power_law":
        return subtract_fitted(counts, power_law(aligned), fitted)
    peak = -zero_loss_shift(counts, energy, how.zero_loss_search).value
    return subtract_fitted(counts, power_law(energy, peak), fitted)


def _divided(how: Conditioning, aligned: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh the channels that are summed for the divisor."""
    if how.normalisation == "zero_loss":
        return window_weights(aligned, how.normalisation_window)
    return np.full(aligned.size, 1.0 if how.normalisation == "total" else 0.0)
