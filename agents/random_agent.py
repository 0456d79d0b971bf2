"""The baseline: measures anywhere, learns nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .options import Options
from .ranges import ranges
from .seeding import uniform
from .stopping import Budget, Exhausted, Progress, first_reason
from .visits import Pending, Visits


class RandomAgent:
    """Draws every candidate with the same chance, none twice; options for a model have no effect.

    Parameters
    ----------
    features
        Not looked at.
    positions
        Of the candidates, ``(n, 2)`` as (y, x) [nm].
    options
        See `Options`.

    Raises
    ------
    ValueError
        In one line, if there is no candidate.
    """

    def __init__(
        self, features: NDArray[np.float64], positions: NDArray[np.float64], options: Options | None = None
    ) -> None:
        self._options = options or Options(kind="random")
        self._visits = Visits(positions)
        self._rng = np.random.default_rng(self._options.seed)
        self._rules = (Budget(self._options.num_points), Exhausted())

    def suggest(self, num_points: int | None = None) -> list[dict[str, Any]]:
        """Return the next points to measure, none when there is no candidate left."""
        wanted = 1 if num_points is None else num_points
        return [self._draw() for _ in range(min(wanted, self._left))]

    def withdraw(self, ids: Sequence[int]) -> None:
        """Forget suggestions, by their ``_id``, that will not be measured."""
        for number in ids:
            self._visits.withdraw(number)

    def pin(self, y: float, x: float) -> str | None:
        """Suggest the candidate nearest to (y, x) [nm] next; return why that can't be done, if it can't."""
        return self._visits.pin(y, x)

    def veto(self, y: float, x: float, radius: float) -> str | None:
        """Suggest nothing within `radius` [nm] of (y, x) [nm] any more; return as `pin`."""
        return self._visits.veto(y, x, radius)

    def considered(self) -> dict[str, NDArray[np.float64]]:
        """Return nothing: it has no grounds."""
        return {}

    def ingest(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Take note of what was measured."""
        for point in points:
            self._visits.ingest(point)

    def should_stop(self) -> tuple[bool, str | None]:
        """Return whether there is no need to go on, and why."""
        reason = first_reason(self._rules, Progress(len(self._visits.points), self._left))
        return reason is not None, reason

    def predict(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what was measured and its standard deviation, ``(n,)`` each; NaN where nothing was."""
        mean = np.full(len(self._visits.positions), np.nan)
        sigma = mean.copy()
        for point in self._visits.learned:
            mean[point.index], sigma[point.index] = point.value, point.sigma
        return mean, sigma

    def get_best_points(self) -> list[tuple[int, dict[str, float], dict[str, float]]]:
        """Return ``(_id, movables, outcomes)`` of the point of the largest value, none without values."""
        if not self._visits.learned:
            return []
        best = max(self._visits.learned, key=lambda point: point.known)
        outcomes = {"value": best.known, "sigma": best.sigma}
        return [(best.id, self._visits.movables(best.index), outcomes)]

    def checkpoint(self) -> dict[str, Any]:
        """Return what `from_checkpoint` needs to go on exactly as this agent would, fit for JSON."""
        return {
            "options": self._options.as_dict(),
            "visits": self._visits.state(),
            "rng": self._rng.bit_generator.state,
        }

    @classmethod
    def from_checkpoint(
        cls, features: NDArray[np.float64], positions: NDArray[np.float64], checkpoint: Mapping[str, Any]
    ) -> Self:
        """Return the agent as it was, over the same candidates."""
        agent = cls(features, positions, Options.of(checkpoint["options"]))
        agent._visits.set_state(checkpoint["visits"])
        agent._rng.bit_generator.state = checkpoint["rng"]
        return agent

    @property
    def _left(self) -> int:
        return len(self._visits.free) + len(self._visits.pinned)

    def _draw(self) -> dict[str, Any]:
        told = {
            "_ingested": ranges(point.id for point in self._visits.points),
            "_pending": ranges(self._visits.pending),
            "_random_state": f"{self._rng.bit_generator.state['state']['state']:x}",
        }
        pinned = self._visits.pinned
        kind = "pin" if pinned else "random"
        index = pinned.pop(0) if pinned else uniform(self._visits.free, self._rng)
        number, movables = self._visits.suggest(Pending(index))
        about = {
            "_mean": None,
            "_sigma": None,
            "_acquisition": None,
            "_model_version": 0,
            "_kind": kind,
            **told,
        }
        return {"_id": number, **movables, **about}
