"""A number derived from a spectrum, with what it owes to every channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Estimate:
    """A value and its gradient, so that errors propagate with all correlations (first order).

    Two windows that share a background, or a window inside the total it is divided by, are correlated;
    gradients by the counts of each channel, which are independent, keep track of that.

    Attributes
    ----------
    value
        The number.
    gradient
        Its derivative by the counts of each channel, ``(energy,)``.
    """

    value: float
    gradient: NDArray[np.float64]

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.value + other.value, self.gradient + other.gradient)

    def __mul__(self, factor: float) -> Estimate:
        return Estimate(self.value * factor, self.gradient * factor)

    def __truediv__(self, other: Estimate) -> Estimate:
        """Divide; NaN where the divisor is not positive, as a count that noise made negative."""
        if not other.value > 0:
            return Estimate(np.nan, np.full_like(self.gradient, np.nan))
        ratio = self.value / other.value
        return Estimate(ratio, (self.gradient - ratio * other.gradient) / other.value)

    def sigma(self, variance: NDArray[np.float64]) -> float:
        """Give the standard deviation, from the variance of each channel's counts ``(energy,)``."""
        return float(np.sqrt(np.maximum(np.sum(self.gradient**2 * variance), 0.0)))


def constant(value: float, size: int) -> Estimate:
    """Make an estimate that depends on none of `size` channels."""
    return Estimate(value, np.zeros(size))
