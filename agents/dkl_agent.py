"""An agent that learns, from what it measured and the image patches, where to measure next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .acquisition import ACQUISITIONS
from .dkl import DKL
from .options import Options
from .seeding import space_filling, uniform
from .stopping import Budget, Exhausted, PredictabilityGoal, Progress, StopRule, UncertaintyGoal, first_reason
from .visits import Pending, Visits

FEWEST = 3  # points with a value that a model is trained on


class DKLAgent:
    """Seeds, then measures where a deep-kernel model and an acquisition function send it.

    The model is trained when a suggestion, a prediction or a reason to stop needs it. The same candidates,
    options and answers give the same suggestions, bit for bit (on one machine and number of threads).

    Parameters
    ----------
    features
        Of the candidates, ``(n, d)``. Positions are no features: what is learned holds wherever the image
        looks alike.
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
        self._features = _standardised(features, len(self._visits.positions))
        self._rng = np.random.default_rng(self._options.seed)
        self._model = DKL(self._features.shape[1], self._options.seed)
        self._version = 0  # of the model: how often it was trained
        self._stale = True
        self._rules = _rules(self._options)

    def suggest(self, num_points: int | None = None) -> list[dict[str, Any]]:
        """Return the next points to measure, none when there is no candidate left.

        Of several at once, each takes those before it as measured, with the predicted value.
        """
        wanted = 1 if num_points is None else num_points
        suggestions = []
        for _ in range(min(wanted, len(self._visits.free))):
            seeding = len(self._visits.visited) < self._options.num_seed or not self._has_model()
            suggestions.append(self._seed() if seeding else self._best_next())
        return suggestions

    def ingest(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Take in what was measured: ``_id``, ``scanner_y``, ``scanner_x``, ``value`` (or NaN), ``sigma``.

        A candidate without a value counts as visited and is not learned from.
        """
        for point in points:
            self._stale |= self._visits.ingest(point).value is not None

    def should_stop(self) -> tuple[bool, str | None]:
        """Return whether there is no need to go on, and why."""
        reason = first_reason(self._rules, self._progress())
        return reason is not None, reason

    def predict(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of the noiseless scalar at every candidate, ``(n,)`` each.

        NaN while there are too few points for a model.
        """
        if not self._has_model():
            nothing = np.full(len(self._features), np.nan)
            return nothing, nothing.copy()
        return self._model.predict(self._features)

    def get_best_points(self) -> list[tuple[int, dict[str, float], dict[str, float]]]:
        """Return ``(_id, movables, outcomes)`` of the best measured point, none without values.

        The best is the one predicted largest, so that noise does not win; by value while there is no model.
        """
        points = self._visits.learned
        if not points:
            return []
        mean, sigma = self.predict()
        best = max(points, key=lambda p: float(mean[p.index]) if self._has_model() else p.known)
        outcomes = {"value": best.known, "sigma": best.sigma}
        if self._has_model():
            outcomes |= {"mean": float(mean[best.index]), "mean_sigma": float(sigma[best.index])}
        return [(best.id, self._visits.movables(best.index), outcomes)]

    def checkpoint(self) -> dict[str, Any]:
        """Return what `from_checkpoint` needs to go on exactly as this agent would, fit for JSON."""
        return {
            "options": self._options.as_dict(),
            "visits": self._visits.state(),
            "rng": self._rng.bit_generator.state,
            "model_version": self._version,
            "stale": self._stale,
            "weights": self._model.weights() if self._version else {},
        }

    @classmethod
    def from_checkpoint(
        cls, features: NDArray[np.float64], positions: NDArray[np.float64], checkpoint: Mapping[str, Any]
    ) -> Self:
        """Return the agent as it was, over the same candidates."""
        agent = cls(features, positions, Options.of(checkpoint["options"]))
        agent._visits.set_state(checkpoint["visits"])
        agent._rng.bit_generator.state = checkpoint["rng"]
        agent._version, agent._stale = checkpoint["model_version"], checkpoint["stale"]
        if agent._version:
            agent._model.restore(checkpoint["weights"], *agent._measured())
        return agent

    def _has_model(self) -> bool:
        """Bring the model up to date; False if there is too little to learn from."""
        if len(self._visits.learned) < FEWEST:
            return False
        if self._stale:
            self._model.fit(*self._measured())
            self._version, self._stale = self._version + 1, False
        return True

    def _measured(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Features, values and standard deviations of what was measured."""
        points = self._visits.learned
        values = np.array([point.known for point in points])
        return self._features[[p.index for p in points]], values, np.array([p.sigma for p in points])

    def _seed(self) -> dict[str, Any]:
        free, visited = self._visits.free, self._visits.visited
        if self._options.seeding == "space_filling":
            index = space_filling(self._features, visited, free, self._rng)
        else:
            index = uniform(free, self._rng)
        return self._suggestion(Pending(index), None, "seed")

    def _best_next(self) -> dict[str, Any]:
        underway = [pending.index for pending in self._visits.pending.values()]
        mean, sigma = self._model.predict(self._features, self._features[underway])
        best = max(mean[point.index] for point in self._visits.learned)
        free = self._visits.free
        worth = ACQUISITIONS[self._options.acquisition](mean[free], sigma[free], float(best))
        index = int(free[np.lexsort((sigma[free], worth))[-1]])  # of equals the least known, not the first
        pending = Pending(index, float(mean[index]), float(sigma[index]))
        return self._suggestion(pending, float(worth.max()), self._options.acquisition)

    def _suggestion(self, pending: Pending, worth: float | None, kind: str) -> dict[str, Any]:
        number, movables = self._visits.suggest(pending)
        return {
            "_id": number,
            **movables,
            "_mean": pending.mean,
            "_sigma": pending.sigma,
            "_acquisition": worth,
            "_model_version": self._version,
            "_kind": kind,
        }

    def _progress(self) -> Progress:
        foreseen = [point for point in self._visits.learned if point.expected is not None]
        noise = np.array([point.sigma for point in foreseen])
        expected = np.array([point.expected for point in foreseen], dtype=np.float64)
        sigma = None
        if self._options.uncertainty_goal is not None and self._has_model():
            sigma = self._model.predict(self._features)[1][self._visits.free]
        return Progress(
            measured=len(self._visits.points),
            free=len(self._visits.free),
            sigma=sigma,
            surprises=np.array([point.known - (point.mean or 0.0) for point in foreseen]),
            expected=np.hypot(expected, noise),
            noise=noise,
        )


def _rules(options: Options) -> list[StopRule]:
    rules: list[StopRule] = [Budget(options.num_points), Exhausted()]
    if options.uncertainty_goal is not None:
        rules.append(UncertaintyGoal(options.uncertainty_goal))
    if options.predictability_goal is not None:
        rules.append(PredictabilityGoal(options.predictability_goal))
    return rules


def _standardised(features: NDArray[np.float64], candidates: int) -> NDArray[np.float64]:
    """Columns with mean 0 and standard deviation 1; what does not vary becomes 0."""
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or features.shape[0] != candidates or not features.shape[1]:
        raise ValueError(
            f"agent: features of shape {features.shape} don't fit {candidates} candidates: "
            f"give ({candidates}, d), d > 0"
        )
    bad = np.argwhere(~np.isfinite(features))
    if len(bad):
        raise ValueError(
            f"agent: feature {bad[0][1]} of candidate {bad[0][0]} is not finite ({len(bad)} in all): "
            "check the survey image"
        )
    spread = features.std(axis=0)
    varies = spread > 1e-12
    return np.asarray((features - features.mean(axis=0)) * varies / np.where(varies, spread, 1.0))
