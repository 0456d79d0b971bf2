"""An agent that learns, from what it measured and the image patches, where to measure next."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import draws
from .acquisition import ACQUISITIONS, Outlook, per_second
from .measurements import Measurements
from .options import Options
from .seeding import space_filling, uniform
from .sites import Sites
from .standardised import standardised_features
from .stopping import Budget, Exhausted, PredictabilityGoal, Progress, StopRule, UncertaintyGoal, first_reason
from .surrogate import Surrogate
from .visits import Pending, Point, Visits

FEWEST = 3  # points with a value that a model is fitted to
GROWTH = 10  # a fit is due when there is a tenth more points; conditioning does in between
PATIENCE = 1.5  # times the points of the last fit: then one is made, whatever the deadline


class DKLAgent:
    """Seeds, then measures where a Gaussian process and an acquisition function send it.

    Every answer is taken into the model before the next suggestion; its hyper-parameters are fitted anew when
    the points have grown by a tenth. Without a deadline, the same candidates, options and answers give the
    same suggestions, bit for bit (on one machine and number of threads).

    Parameters
    ----------
    features
        Of the candidates, ``(n, d)``. What is learned from them holds wherever the image looks alike.
    positions
        Of the candidates, ``(n, 2)`` as (y, x) [nm].
    options
        See `Options`.

    Raises
    ------
    ValueError
        In one line, if there is no candidate, or a feature is no number.
    """

    def __init__(
        self, features: NDArray[np.float64], positions: NDArray[np.float64], options: Options | None = None
    ) -> None:
        self._options = options or Options()
        self._visits = Visits(positions)
        self._features = standardised_features(features, len(self._visits.positions))
        self._rng = np.random.default_rng(self._options.seed)
        self._model = Surrogate(
            Sites.of(self._features, self._visits.positions), self._options.kernel, self._options.seed
        )
        self._new: list[Point] = []  # with a value, not yet in the model
        self._version = 0  # of the model: how often it was fitted
        self._trained_on = 0  # points, at the last fit
        self._overdue = False
        self._fallbacks = 0
        self._fit_time = 0.0  # [s] that the last fit took
        self._last: int | None = None  # candidate suggested last: where the probe will be
        self._rules = _rules(self._options)

    def suggest(self, num_points: int | None = None) -> list[dict[str, Any]]:
        """Return the next points to measure, none when there is no candidate left.

        Of several at once, each takes those before it as measured, with the predicted value.
        """
        suggestions = []
        for _ in range(1 if num_points is None else num_points):
            if not len(self._visits.allowed(self._options.spacing)):
                break
            seeding = len(self._visits.visited) < self._options.num_seed
            fallback = None if seeding else self._prepare()
            suggestions.append(
                self._seed(fallback) if seeding or not self._version else self._best_next(fallback)
            )
        return suggestions

    def train(self) -> bool:
        """Fit the model if that is due; return whether it was. For when the beam is busy.

        Without a deadline there is nothing to do: `suggest` trains, and when does not depend on the clock.
        """
        if self._options.deadline is None or not self._due():
            return False
        return self._fit() is None

    def ingest(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Take in what was measured: ``_id``, ``scanner_y``, ``scanner_x``, ``value`` (or NaN), ``sigma``.

        A candidate without a value counts as visited and is not learned from.
        """
        for point in points:
            noted = self._visits.ingest(point)
            if noted.value is not None:
                self._new.append(noted)

    def should_stop(self) -> tuple[bool, str | None]:
        """Return whether there is no need to go on, and why."""
        reason = first_reason(self._rules, self._progress())
        return reason is not None, reason

    def predict(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of the noiseless scalar at every candidate, ``(n,)`` each.

        NaN while there are too few points for a model.
        """
        self._prepare()
        if not self._version:
            nothing = np.full(len(self._features), np.nan)
            return nothing, nothing.copy()
        return self._model.mean, self._model.sigma()

    def get_best_points(self) -> list[tuple[int, dict[str, float], dict[str, float]]]:
        """Return ``(_id, movables, outcomes)`` of the best measured point, none without values.

        The best is the one predicted largest, so that noise does not win; by value while there is no model.
        """
        points = self._visits.learned
        if not points:
            return []
        mean, sigma = self.predict()
        best = max(points, key=lambda p: float(mean[p.index]) if self._version else p.known)
        outcomes = {"value": best.known, "sigma": best.sigma}
        if self._version:
            outcomes |= {"mean": float(mean[best.index]), "mean_sigma": float(sigma[best.index])}
        return [(best.id, self._visits.movables(best.index), outcomes)]

    def checkpoint(self) -> dict[str, Any]:
        """Return what `from_checkpoint` needs to go on exactly as this agent would, fit for JSON."""
        return {
            "options": self._options.as_dict(),
            "visits": self._visits.state(),
            "rng": self._rng.bit_generator.state,
            "model_version": self._version,
            "trained_on": self._trained_on,
            "overdue": self._overdue,
            "fallbacks": self._fallbacks,
            "fit_time": self._fit_time,
            "last": self._last,
            "new": [asdict(point) for point in self._new],
            "model": self._model.state(),
        }

    @classmethod
    def from_checkpoint(
        cls, features: NDArray[np.float64], positions: NDArray[np.float64], checkpoint: Mapping[str, Any]
    ) -> Self:
        """Return the agent as it was, over the same candidates."""
        agent = cls(features, positions, Options.of(checkpoint["options"]))
        agent._visits.set_state(checkpoint["visits"])
        agent._rng.bit_generator.state = checkpoint["rng"]
        agent._version, agent._trained_on = checkpoint["model_version"], checkpoint["trained_on"]
        agent._overdue, agent._fallbacks = checkpoint["overdue"], checkpoint["fallbacks"]
        agent._fit_time, agent._last = checkpoint["fit_time"], checkpoint["last"]
        agent._new = [Point(**point) for point in checkpoint["new"]]
        agent._model.set_state(checkpoint["model"])
        return agent

    def _prepare(self) -> str | None:
        """Bring the model up to date; return what it falls back to where that can't be done in time."""
        if not self._due():
            self._condition()
            return None
        if self._in_time():
            return self._fit()
        self._condition()
        return self._fall_back()

    def _due(self) -> bool:
        points = len(self._visits.learned)
        grown = points - self._trained_on >= max(1, self._trained_on // GROWTH)
        return points >= FEWEST and (self._overdue or grown)

    def _in_time(self) -> bool:
        deadline, before = self._options.deadline, self._trained_on
        points = len(self._visits.learned)
        if deadline is None or not self._version or points >= PATIENCE * before:
            return True
        return self._fit_time * (points / before) ** 2 <= deadline

    def _fit(self) -> str | None:
        points, started = self._visits.learned, time.perf_counter()
        try:
            self._model.fit(_measurements(points))
        except np.linalg.LinAlgError:
            self._condition()
            return self._fall_back()
        self._fit_time = time.perf_counter() - started
        self._version, self._trained_on = self._version + 1, len(points)
        self._new, self._overdue = [], False
        return None

    def _condition(self) -> None:
        if self._version and self._new:
            new = sorted(self._new, key=lambda point: (point.id, point.index))
            self._overdue |= self._model.condition(_measurements(new))
            self._new = []

    def _fall_back(self) -> str:
        self._fallbacks += 1
        return "last model" if self._version else "space filling"

    def _seed(self, fallback: str | None = None) -> dict[str, Any]:
        allowed, visited = self._visits.allowed(self._options.spacing), self._visits.visited
        if self._options.seeding == "space_filling" or fallback:
            index = space_filling(self._features, visited, allowed, self._rng)
        else:
            index = uniform(allowed, self._rng)
        return self._suggestion(Pending(index), None, "seed", fallback)

    def _best_next(self, fallback: str | None) -> dict[str, Any]:
        model, options = self._model, self._options
        allowed = self._visits.allowed(options.spacing)
        underway = [pending.index for pending in self._visits.pending.values()]
        mean, sigma = model.mean, model.sigma(underway)
        outlook = Outlook(
            mean[allowed],
            sigma[allowed],
            float(mean[[point.index for point in self._visits.learned]].max()),
            lambda: model.in_unit(draws.bests(model.process, self._rng)),
            lambda: model.in_unit(draws.path(model.process, self._rng))[allowed],
        )
        worth = ACQUISITIONS[options.acquisition](outlook)
        if options.travel_time and self._last is not None:
            distance = np.hypot(*(self._visits.positions[allowed] - self._visits.positions[self._last]).T)
            worth = per_second(worth, distance, options.point_time, options.travel_time)
        index = int(
            allowed[np.lexsort((outlook.sigma, worth))[-1]]
        )  # of equals the least known, not the first
        pending = Pending(index, float(mean[index]), float(sigma[index]))
        return self._suggestion(pending, float(worth.max()), options.acquisition, fallback)

    def _suggestion(
        self, pending: Pending, worth: float | None, kind: str, fallback: str | None
    ) -> dict[str, Any]:
        self._last = pending.index
        number, movables = self._visits.suggest(pending)
        return {
            "_id": number,
            **movables,
            "_mean": pending.mean,
            "_sigma": pending.sigma,
            "_acquisition": worth,
            "_model_version": self._version,
            "_trained_on": self._trained_on,
            "_kernel": self._model.kernel,
            "_outliers": self._model.outliers.tolist(),
            "_fallback": fallback,
            "_fallbacks": self._fallbacks,
            "_kind": kind,
        }

    def _progress(self) -> Progress:
        foreseen = [point for point in self._visits.learned if point.expected is not None]
        noise = np.array([point.sigma for point in foreseen])
        expected = np.array([point.expected for point in foreseen], dtype=np.float64)
        uncertainty = spread = None
        if self._options.has_goal:
            mean, sigma = self.predict()
            if self._version:
                uncertainty = math.sqrt(float(np.mean(sigma**2)))
                spread = math.hypot(float(mean.std()), uncertainty)
        return Progress(
            measured=len(self._visits.points),
            free=len(self._visits.allowed(self._options.spacing)),
            uncertainty=uncertainty,
            spread=spread,
            surprises=np.array([point.known - (point.mean or 0.0) for point in foreseen]),
            expected=np.hypot(expected, noise),
            noise=noise,
        )


def _measurements(points: Sequence[Point]) -> Measurements:
    return Measurements(
        np.array([point.index for point in points], dtype=np.intp),
        np.array([point.known for point in points]),
        np.array([point.sigma for point in points]),
    )


def _rules(options: Options) -> list[StopRule]:
    rules: list[StopRule] = [Budget(options.num_points), Exhausted()]
    if options.uncertainty_goal is not None:
        rules.append(UncertaintyGoal(options.uncertainty_goal))
    if options.predictability_goal is not None:
        rules.append(PredictabilityGoal(options.predictability_goal))
    return rules
