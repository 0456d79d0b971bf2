"""The position and height of a peak, between channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .background import FitFailedError, Net
from .estimate import Estimate, constant
from .window import Window, dispersion, window_weights

CREST = 0.7  # of a peak's prominence: the part that a parabola describes (a Lorentzian's within 6 %)
SIGNIFICANT = 5.0  # times the noise between two points: the highest of hundreds of noisy channels reach 4


def smoothed(
    values: NDArray[np.float64], energy: NDArray[np.float64], width: float
) -> tuple[NDArray[np.float64], int]:
    """Average over `width` [eV]; the averages ``(energy,)`` and the odd number of channels they hold."""
    channels = 2 * int(width / dispersion(energy) / 2) + 1
    return np.convolve(values, np.full(channels, 1 / channels), mode="same"), channels


def peak_position(
    net: Net,
    variance: NDArray[np.float64],
    energy: NDArray[np.float64],
    window: Window,
    smoothing: float,
) -> Estimate:
    """Find the vertex [eV] of the parabola through the crest of the highest peak within `window`.

    The crest is what lies above 0.7 of the peak's prominence (its height above the higher of the lowest
    points on either side), at least 3 channels; the parabola is fitted by weighted least squares.

    Parameters
    ----------
    net
        Counts above background.
    variance
        Of each channel's counts, ``(energy,)``: their weight.
    window
        Where to look [eV].
    smoothing
        Width of the running mean that finds the maximum and the crest [eV]; the parabola sees raw counts.

    Raises
    ------
    FitFailedError
        If the highest point is no maximum that stands out from the noise.
    """
    inside = np.flatnonzero(window_weights(energy, window) > 0)
    curve, channels = smoothed(net.values, energy, smoothing)
    top = int(inside[curve[inside].argmax()])
    base = max(curve[inside[0] : top + 1].min(), curve[top : inside[-1] + 1].min())
    prominence = curve[top] - base
    if not prominence > SIGNIFICANT * np.sqrt(2 * variance[top] / channels):
        raise FitFailedError("no maximum stands out from the noise")
    below = np.flatnonzero(curve < base + CREST * prominence)
    first = min(int(below[below < top].max(initial=inside[0] - 1)) + 1, top - 1)
    last = max(int(below[below > top].min(initial=inside[-1] + 1)) - 1, top + 1)
    crest = slice(max(first, 0), last + 1)

    t = energy[crest] - energy[top]
    design = np.column_stack([np.ones_like(t), t, t**2])
    weight = 1 / np.maximum(variance[crest], variance[crest].mean() * 1e-3 + np.finfo(float).tiny)
    solve = np.linalg.pinv(design * np.sqrt(weight)[:, None]) * np.sqrt(weight)
    weights = np.zeros((2, energy.size))
    weights[:, crest] = solve[1:]
    slope, curvature = (net.weighted_sum(row) for row in weights)
    vertex = slope / (curvature * -2.0)
    if not t[0] <= vertex.value <= t[-1]:
        raise FitFailedError("the highest point in the window is no maximum")
    return vertex + constant(float(energy[top]), energy.size)
