"""Energy windows on a uniform axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Window = tuple[float, float]  # low, high [eV]


def as_window(name: str, given: Sequence[float]) -> Window:
    """Make a window of two numbers; ValueError unless they are finite and ascending."""
    try:
        low, high = map(float, () if isinstance(given, str) else given)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {given!r} is no window: give [low, high] in eV") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{name} = [{low:g}, {high:g}] eV is empty: give [low, high] with low < high")
    return low, high


def overlap(a: Window, b: Window) -> bool:
    """Whether two windows share more than an edge."""
    return max(a[0], b[0]) < min(a[1], b[1])


def dispersion(energy: NDArray[np.float64]) -> float:
    """Give the step [eV] of an energy axis ``(energy,)``; ValueError unless it is uniform and ascending."""
    if energy.ndim != 1 or energy.size < 3:
        raise ValueError(f"an energy axis of shape {energy.shape} is too short: give at least 3 channels")
    step = float(energy[-1] - energy[0]) / (energy.size - 1)
    if not step > 0 or not np.allclose(np.diff(energy), step, rtol=1e-3, atol=0):
        raise ValueError("the energy axis is not uniform and ascending: resample it before scalarising")
    return step


def bounds(energy: NDArray[np.float64]) -> Window:
    """Give the outer edges of the first and last channel [eV]."""
    half = dispersion(energy) / 2
    return float(energy[0]) - half, float(energy[-1]) + half


def check_inside(name: str, window: Window, axis: Window, step: float) -> None:
    """Raise ValueError, in one line, unless `window` lies within the ends of `axis` and spans a channel."""
    slack = 1e-6 * step
    if window[0] < axis[0] - slack or window[1] > axis[1] + slack:
        raise ValueError(
            f"{name} [{window[0]:g}, {window[1]:g}] eV is off the energy axis [{axis[0]:g}, {axis[1]:g}] eV: "
            "move it, or choose another dispersion or offset"
        )
    if window[1] - window[0] < step - slack:
        raise ValueError(
            f"{name} [{window[0]:g}, {window[1]:g}] eV is narrower than a channel, {step:g} eV: widen it"
        )


def window_weights(energy: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Weigh each channel by its fraction inside `window`, ``(energy,)`` in 0..1.

    Fractions, so that an alignment by a part of a channel moves intensities smoothly.
    """
    step = dispersion(energy)
    low = np.maximum(energy - step / 2, window[0])
    high = np.minimum(energy + step / 2, window[1])
    return np.clip((high - low) / step, 0.0, 1.0)
