"""Backgrounds under an energy-loss spectrum, fitted beside the window and extrapolated into it.

All models are log-linear, ``ln b = design @ coefficients``, and fitted by maximum likelihood for Poisson
counts (a generalised linear model with its canonical link, by Newton's method), which, unlike a straight line
through logarithms, is not biased where counts are few; compare Egerton, "Electron Energy-Loss Spectroscopy in
the Electron Microscope" (3rd ed., 2011), section 4.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .estimate import Estimate

BACKGROUNDS = ("none", "power_law", "exponential", "zero_loss_tail")
ITERATIONS = 50
CONVERGED = 1e-9  # largest change of ln b
RUNAWAY = 50.0  # a change of ln b beyond which no fit is meant


class FitFailedError(Exception):
    """No background, peak or shift could be found in this spectrum."""


@dataclass(frozen=True, eq=False)
class Net:
    """Counts above a fitted background.

    Attributes
    ----------
    counts, background
        ``(energy,)``.
    design
        ``(energy, p)``; p = 0 for no background.
    response
        Change of the p coefficients with the counts of each channel, ``(p, energy)``.
    """

    counts: NDArray[np.float64]
    background: NDArray[np.float64]
    design: NDArray[np.float64]
    response: NDArray[np.float64]

    @property
    def values(self) -> NDArray[np.float64]:
        """Counts less background, ``(energy,)``."""
        return self.counts - self.background

    def weighted_sum(self, weights: NDArray[np.float64]) -> Estimate:
        """Give ``sum(weights * values)``; weights ``(energy,)``."""
        by_coefficient = (weights * self.background) @ self.design
        return Estimate(float(weights @ self.values), weights - by_coefficient @ self.response)


def subtract_none(counts: NDArray[np.float64]) -> Net:
    """Subtract nothing."""
    size = counts.size
    return Net(counts, np.zeros(size), np.zeros((size, 0)), np.zeros((0, size)))


def power_law(energy: NDArray[np.float64], origin: float = 0.0) -> NDArray[np.float64]:
    """Design matrix ``(energy, 2)`` of ``A (E - origin)^-r``; of use where E > origin only."""
    loss = energy - origin
    positive = np.maximum(loss, np.finfo(float).tiny)
    return np.column_stack([np.ones_like(loss), np.where(loss > 0, np.log(positive), 0.0)])


def exponential(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Design matrix ``(energy, 2)`` of ``A exp(-E / tau)``."""
    return np.column_stack([np.ones_like(energy), energy])


def subtract_fitted(
    counts: NDArray[np.float64], design: NDArray[np.float64], weights: NDArray[np.float64]
) -> Net:
    """Fit a log-linear background to the channels with `weights` > 0 and subtract it everywhere.

    Raises
    ------
    FitFailedError
        If the fit window holds too few channels or counts, or the fit does not converge.
    """
    used = weights > 0
    centre = design[used].mean(axis=0)
    centre[0] = 0.0
    span = np.maximum(np.ptp(design[used], axis=0), 1e-12)
    scaled = (design - centre) / span if design.shape[1] > 1 else design
    scaled[:, 0] = 1.0
    x, y, w = scaled[used], counts[used], weights[used]
    total = float(w @ y)
    if used.sum() <= x.shape[1] or total <= 0:
        raise FitFailedError("too few counts beside the window")
    coefficients = np.zeros(x.shape[1])
    coefficients[0] = np.log(total / w.sum())
    for _ in range(ITERATIONS):
        fitted = w * np.exp(x @ coefficients)
        try:
            covariance = np.linalg.inv(x.T @ (fitted[:, None] * x))
        except np.linalg.LinAlgError:
            raise FitFailedError("the background is not determined") from None
        step = covariance @ (x.T @ (w * y - fitted))
        change = float(np.max(np.abs(x @ step)))
        if not change < RUNAWAY:
            raise FitFailedError("the background fit diverged")
        coefficients = coefficients + step / max(1.0, change)  # damped: far steps overshoot
        if change < CONVERGED:
            break
    else:
        raise FitFailedError("the background fit did not converge")
    background = np.exp(np.clip(scaled @ coefficients, -RUNAWAY, RUNAWAY))
    response = np.zeros((x.shape[1], counts.size))
    response[:, used] = covariance @ (w[:, None] * x).T
    return Net(counts, background, scaled, response)
