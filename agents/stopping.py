"""When to stop: rules that look at the progress and give a reason, or None.

Goals are shares of the map's spread: nobody knows the size of the scalar before the first spectrum, and it
changes with dwell time and current. The spread is that of the predicted map; that of the measured values
depends on whether the agent looks for the largest or for the least known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .acquisition.upper_confidence_bound import OPTIMISM
from .options import Options


@dataclass(frozen=True, eq=False)
class Progress:
    """How far an agent has come.

    Attributes
    ----------
    measured, free
        Points measured, candidates neither measured nor being measured.
    electrons, next_electrons
        Spent on points so far, and what another point costs, as the last one did; 0 where not known.
    underway
        Suggested points without an answer.
    uncertainty
        Root mean square of the predicted standard deviation over all candidates; None without a model.
    spread
        Standard deviation of the scalar over all candidates, as the model has it: that of its mean, and
        `uncertainty`, squares added.
    regret
        See `regret_bound`; None without a model.
    surprises
        Measured less predicted, of the points the model chose, in order, ``(k,)``.
    expected
        What standard deviation was expected of each of `surprises`, ``(k,)``.
    noise
        The part of it that is the measurement's, ``(k,)``.
    """

    measured: int
    free: int
    electrons: float = 0.0
    next_electrons: float = 0.0
    underway: int = 0
    uncertainty: float | None = None
    spread: float | None = None
    regret: float | None = None
    surprises: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    expected: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    noise: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


StopRule = Callable[[Progress], str | None]


@dataclass(frozen=True)
class Exhausted:
    """Stop when every candidate was measured."""

    def __call__(self, progress: Progress) -> str | None:
        """Return the reason, or None."""
        return None if progress.free else f"all candidates were visited, {progress.measured} measured"


@dataclass(frozen=True)
class Budget:
    """Stop after `num_points` measured points."""

    num_points: int

    def __call__(self, progress: Progress) -> str | None:
        """Return the reason, or None."""
        if progress.measured < self.num_points:
            return None
        return f"the budget of {self.num_points} points is spent"


@dataclass(frozen=True)
class ElectronBudget:
    """Stop when `electrons` on the points do not allow another one, besides those underway."""

    electrons: float

    def __call__(self, progress: Progress) -> str | None:
        """Return the reason, or None."""
        spent = progress.electrons + progress.underway * progress.next_electrons
        if spent + progress.next_electrons <= self.electrons:
            return None
        return f"{progress.electrons:.3g} of the agent's {self.electrons:.3g} electrons are spent"


@dataclass(frozen=True)
class UncertaintyGoal:
    """Stop when the uncertainty falls to `goal` of the map's spread.

    If the model is right, a map of which this share is unknown correlates with the truth by
    ``sqrt(1 - goal**2)``.
    """

    goal: float

    def __call__(self, progress: Progress) -> str | None:
        """Return the reason, or None."""
        if progress.uncertainty is None or not progress.spread:
            return None
        share = progress.uncertainty / progress.spread
        if share > self.goal:
            return None
        what = f"uncertainty {progress.uncertainty:.4g}, {share:.2g} of the map's spread"
        return f"{what}, reached the goal {self.goal:g}"


@dataclass(frozen=True)
class RegretGoal:
    """Stop when no candidate can be larger than the best measured one by more than `goal` of the spread."""

    goal: float

    def __call__(self, progress: Progress) -> str | None:
        """Return the reason, or None."""
        if progress.regret is None or not progress.spread:
            return None
        share = progress.regret / progress.spread
        if share > self.goal:
            return None
        what = f"at most {progress.regret:.4g} more is to be found, {share:.2g} of the map's spread"
        return f"{what}, reached the goal {self.goal:g}"


@dataclass(frozen=True)
class PredictabilityGoal:
    """Stop when the model foresees what it measures next, and knows how well.

    The error is the root mean square of the last `window` one-step-ahead predictions, less the counting noise
    that no model can foresee. It must fall to `goal` of the map's spread, and the surprises must not exceed
    what was expected of them: small errors by luck are no reason to stop.
    """

    goal: float
    window: int = 10
    largest_score: float = 1.5  # root mean square of surprise over expectation; 10 points scatter by 0.22

    def __call__(self, progress: Progress) -> str | None:
        """Return the reason, or None."""
        last = slice(-self.window, None)
        surprises, expected, noise = (
            values[last] for values in (progress.surprises, progress.expected, progress.noise)
        )
        if len(surprises) < self.window or not progress.spread:
            return None
        error = math.sqrt(max(float(np.mean(surprises**2 - noise**2)), 0.0))
        score = math.sqrt(float(np.mean((surprises / expected) ** 2)))
        share = error / progress.spread
        if share > self.goal or score > self.largest_score:
            return None
        return (
            f"one-step-ahead error {error:.4g} over {self.window} points, {share:.2g} of the map's spread, "
            f"reached the goal {self.goal:g}"
        )


def regret_bound(
    mean: NDArray[np.float64], sigma: NDArray[np.float64], measured: Sequence[int], optimism: float = OPTIMISM
) -> float:
    """Return how much larger than the best measured candidate another one may be, 0 or more.

    ``max_i (mean_i + b sigma_i) - max_{i measured} (mean_i - b sigma_i)``: a bound of the simple regret, as
    in A. Makarova et al., AutoML 2022, arXiv:2104.08166.

    Parameters
    ----------
    mean, sigma
        Of the noiseless scalar ``(n,)``.
    measured
        Indices of the measured candidates.
    """
    best = float((mean - optimism * sigma)[list(measured)].max())
    return max(float((mean + optimism * sigma).max()) - best, 0.0)


def rules(options: Options) -> list[StopRule]:
    """Return the rules that `options` ask for; the first one with a reason stops the run."""
    found: list[StopRule] = [Budget(options.num_points), Exhausted()]
    if options.electron_budget is not None:
        found.append(ElectronBudget(options.electron_budget))
    if options.uncertainty_goal is not None:
        found.append(UncertaintyGoal(options.uncertainty_goal))
    if options.regret_goal is not None:
        found.append(RegretGoal(options.regret_goal))
    if options.predictability_goal is not None:
        found.append(PredictabilityGoal(options.predictability_goal))
    return found


def first_reason(rules: Iterable[StopRule], progress: Progress) -> str | None:
    """Return the reason of the first rule that has one, or None."""
    return next((reason for rule in rules if (reason := rule(progress)) is not None), None)
