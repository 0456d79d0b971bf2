"""An agent that learns, from what it measured and the image patches, where to measure next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import draws
from .acquisition import ACQUISITIONS, Outlook, per_second, survival
from .options import Options
from .ranges import ranges
from .seeding import space_filling, uniform
from .sites import Sites
from .standardised import standardised_features
from .stopping import Progress, first_reason, regret_bound, rules
from .surrogate import Surrogate
from .training import Training, measurements, suggestions_meanwhile
from .visits import Pending, Point, Visits

FEWEST = 3  # points with a value that a model is fitted to
GROWTH = 10  # a fit is due when there is a tenth more points; conditioning does in between


class DKLAgent:
    """Seeds, then measures where a Gaussian process and an acquisition function send it.

    Every answer is taken into the model before the next suggestion; its hyper-parameters are fitted anew when
    the points have grown by a tenth: before the suggestion or, with `overlap`, in a thread after it, for a
    suggestion that is some number of suggestions later. Without a deadline, the same candidates, options and
    calls give the same suggestions, bit for bit (on one machine and number of threads).

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
        self._training: Training | None = None
        self._overdue = self._is_late = False
        self._fallbacks = 0
        self._last: int | None = None  # candidate suggested last: where the probe will be
        self._rules = rules(self._options)
        self._considered: dict[str, NDArray[np.float64]] = {}

    def suggest(self, num_points: int | None = None, late: bool = False) -> list[dict[str, Any]]:
        """Return the next points to measure, none when there is no candidate left.

        Of several at once, each takes those before it as measured, with the predicted value. A `late` one
        waits for no fit, as if the deadline had passed: to repeat what was recorded.
        """
        self._is_late = late
        suggestions = []
        for _ in range(1 if num_points is None else num_points):
            if not len(self._visits.allowed(self._options.spacing)) and not self._visits.pinned:
                break
            fallback = None if self._is_seeding else self._prepare()
            self._fallbacks += fallback is not None
            suggestions.append(self._next(fallback))
            if self._options.overlap and not self._is_seeding and self._training is None and self._is_due:
                self._train(suggestions_meanwhile(self._trained_on, len(self._visits.learned)))
        return suggestions

    def withdraw(self, ids: Sequence[int]) -> None:
        """Forget suggestions, by their ``_id``, that will not be measured."""
        for number in ids:
            self._visits.withdraw(number)

    def pin(self, y: float, x: float) -> str | None:
        """Suggest the candidate nearest to (y, x) [nm] next, for a person wants it.

        Returns
        -------
        str or None
            Why that can't be done, if it can't.
        """
        return self._visits.pin(y, x)

    def veto(self, y: float, x: float, radius: float) -> str | None:
        """Suggest nothing within `radius` [nm] of (y, x) [nm] any more; return as `pin`."""
        return self._visits.veto(y, x, radius)

    def ingest(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Take in what was measured: ``_id``, ``scanner_y``, ``scanner_x``, ``value`` (or NaN), ``sigma``.

        And ``electrons`` that it cost, where they are known. A candidate without a value counts as visited
        and is not learned from.
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
        return self._maps()

    def considered(self) -> dict[str, NDArray[np.float64]]:
        """Return on what grounds the last suggestion was made: maps over the candidates, ``(n,)`` each.

        ``mean`` and ``sigma``, as if what was being measured had been; ``acquisition``, NaN where nothing
        might be measured. {} if there was no model, or a person had pinned it.
        """
        return self._considered

    def _maps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
            "last": self._last,
            "training": None if self._training is None else self._training.state(),
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
        agent._last = checkpoint["last"]
        agent._new = [Point(**point) for point in checkpoint["new"]]
        agent._model.set_state(checkpoint["model"])
        if checkpoint["training"] is not None:
            agent._training = Training.again(agent._model, checkpoint["training"])
        return agent

    @property
    def _is_seeding(self) -> bool:
        return len(self._visits.visited) < self._options.num_seed

    @property
    def _is_due(self) -> bool:
        points = len(self._visits.learned)
        grown = points - self._trained_on >= max(1, self._trained_on // GROWTH)
        return points >= FEWEST and (self._overdue or grown)

    def _prepare(self) -> str | None:
        """Bring the model up to date; return what it falls back to where that can't be done in time."""
        fallback = None
        if self._training is None and self._is_due and not (self._options.overlap and self._version):
            self._train(0, wait=self._options.deadline is None)
        if self._training is not None and self._visits.suggested >= self._training.due:
            fallback = self._take(self._training)
        if self._version and self._new:
            new = sorted(self._new, key=lambda point: (point.id, point.index))
            self._overdue |= self._model.condition(measurements(new))
            self._new = []
        return fallback

    def _train(self, suggestions: int, wait: bool = False) -> None:
        """Begin a fit, for use after so many more suggestions; `wait` for its end."""
        due = self._visits.suggested + suggestions
        self._training = Training(self._model, self._visits.learned, due, wait)

    def _take(self, training: Training) -> str | None:
        """Go on with the model that was being trained, if it is there within the deadline."""
        fallback = "last model" if self._version else "space filling"
        if self._is_late or not training.is_done(self._options.deadline):
            return fallback
        self._training = None
        try:
            self._model = training.model()
        except np.linalg.LinAlgError:
            return fallback
        self._version, self._trained_on = self._version + 1, len(training.points)
        seen = set(training.points)
        self._new, self._overdue = [point for point in self._visits.learned if point not in seen], False
        return None

    def _next(self, fallback: str | None) -> dict[str, Any]:
        self._considered = {}
        told = {
            "_ingested": ranges(point.id for point in self._visits.points),
            "_pending": ranges(self._visits.pending),
            "_random_state": f"{self._rng.bit_generator.state['state']['state']:x}",
        }
        if self._visits.pinned:
            suggestion = self._pinned(fallback)
        elif self._is_seeding or not self._version:
            suggestion = self._seed(fallback)
        else:
            suggestion = self._best_next(fallback)
        return suggestion | told

    def _pinned(self, fallback: str | None) -> dict[str, Any]:
        index = self._visits.pinned.pop(0)
        if not self._version:
            return self._suggestion(Pending(index), None, "pin", fallback)
        mean, sigma = self._maps()
        pending = Pending(index, float(mean[index]), float(sigma[index]))
        return self._suggestion(pending, None, "pin", fallback)

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
        if options.critical_dose:
            places = self._visits.positions[allowed]
            worth = worth * survival(places, *self._exposures(), options.beam_spread, options.critical_dose)
        # Of equals the least known, not the first.
        index = int(allowed[np.lexsort((outlook.sigma, worth))[-1]])
        everywhere = np.full(len(mean), np.nan)
        everywhere[allowed] = worth
        self._considered = {"mean": mean, "sigma": sigma, "acquisition": everywhere}
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

    def _exposures(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the beam was ``(k, 2)`` [nm], and with how many electrons ``(k,)``."""
        known = [point for point in self._visits.points if point.electrons is not None]
        places = self._visits.positions[[point.index for point in known]]
        return places, np.array([point.electrons for point in known], dtype=np.float64)

    def _progress(self) -> Progress:
        points = self._visits.points
        foreseen = [point for point in self._visits.learned if point.expected is not None]
        noise = np.array([point.sigma for point in foreseen])
        expected = np.array([point.expected for point in foreseen], dtype=np.float64)
        costs = [point.electrons for point in points if point.electrons is not None]
        uncertainty = spread = regret = None
        if self._options.has_goal and not self._is_seeding:
            mean, sigma = self.predict()
            if self._version:
                uncertainty = math.sqrt(float(np.mean(sigma**2)))
                spread = math.hypot(float(mean.std()), uncertainty)
                measured = [point.index for point in self._visits.learned]
                regret = regret_bound(mean, sigma, measured)
        return Progress(
            measured=len(points),
            free=len(self._visits.allowed(self._options.spacing)) + len(self._visits.pinned),
            electrons=math.fsum(costs),
            next_electrons=costs[-1] if costs else 0.0,
            underway=len(self._visits.pending),
            uncertainty=uncertainty,
            spread=spread,
            regret=regret,
            surprises=np.array([point.known - (point.mean or 0.0) for point in foreseen]),
            expected=np.hypot(expected, noise),
            noise=noise,
        )
