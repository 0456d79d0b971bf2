"""Which candidates were suggested, which measured, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree


@dataclass(frozen=True)
class Pending:
    """A suggestion that has no answer yet; what the model foresaw, if there was one."""

    index: int
    mean: float | None = None
    sigma: float | None = None


@dataclass(frozen=True)
class Point:
    """A measured candidate: `value` is None where the measurement gave nothing to learn from."""

    id: int
    index: int
    value: float | None
    sigma: float
    mean: float | None = None
    expected: float | None = None  # predicted standard deviation, before the measurement
    electrons: float | None = None  # that it cost the specimen, where that is known

    @property
    def known(self) -> float:
        """The value of a point that has one."""
        if self.value is None:
            raise ValueError(f"point {self.id} has no value")
        return self.value


class Visits:
    """The ledger of an agent.

    Parameters
    ----------
    positions
        Of the candidates, ``(n, 2)`` as (y, x) [nm].

    Attributes
    ----------
    pending
        Suggestions without an answer, by ``_id``.
    points
        Everything measured, by ``_id``, whatever the order the answers came in.
    pinned
        Indices of the candidates that a person wants measured next, in that order.
    vetoed
        Those that a person wants left alone.

    Raises
    ------
    ValueError
        In one line, if there is no candidate, or a position is no number.
    """

    def __init__(self, positions: NDArray[np.float64]) -> None:
        positions = np.asarray(positions, dtype=np.float64)
        if positions.ndim != 2 or positions.shape[1:] != (2,) or not len(positions):
            raise ValueError(
                f"agent: positions of shape {positions.shape} hold no candidate: give (n, 2), n > 0"
            )
        if not np.isfinite(positions).all():
            raise ValueError("agent: a candidate's position is not finite: give (y, x) in nm")
        self.positions = positions
        self.pending: dict[int, Pending] = {}
        self.points: list[Point] = []
        self.pinned: list[int] = []
        self.vetoed: set[int] = set()
        self.suggested = 0  # ever, and the next one's ``_id``
        self._tree = KDTree(positions)
        self._reach = _spacing(self._tree, positions)

    @property
    def visited(self) -> NDArray[np.intp]:
        """Indices of the candidates suggested or measured."""
        taken = {one.index for one in self.pending.values()} | {one.index for one in self.points}
        return np.array(sorted(taken), dtype=np.intp)

    @property
    def free(self) -> NDArray[np.intp]:
        """Indices of the candidates neither suggested nor measured nor vetoed."""
        taken = np.union1d(self.visited, np.array(sorted(self.vetoed), dtype=np.intp))
        return np.setdiff1d(np.arange(len(self.positions)), taken)

    def allowed(self, spacing: float) -> NDArray[np.intp]:
        """Return the indices of `free` that are further than `spacing` [nm] from all visited."""
        if not spacing or not len(self.visited):
            return self.free
        free = self.free
        apart, _ = KDTree(self.positions[self.visited]).query(self.positions[free])
        return free[apart > spacing]

    @property
    def learned(self) -> list[Point]:
        """Points with a value."""
        return [point for point in self.points if point.value is not None]

    def suggest(self, pending: Pending) -> tuple[int, dict[str, float]]:
        """Note a suggestion; return its ``_id`` and what to move where [nm]."""
        number = self.suggested
        self.suggested += 1
        self.pending[number] = pending
        return number, self.movables(pending.index)

    def withdraw(self, number: int) -> None:
        """Forget a suggestion that will not be measured."""
        self.pending.pop(number, None)

    def pin(self, y: float, x: float) -> str | None:
        """Have the candidate nearest to (y, x) [nm] measured next, even again; return why not, if not."""
        try:
            index = self._nearest({"scanner_y": y, "scanner_x": x})
        except ValueError as error:
            return str(error)
        self.vetoed.discard(index)
        self.pinned.append(index)
        return None

    def veto(self, y: float, x: float, radius: float) -> str | None:
        """Have nothing within `radius` [nm] of (y, x) [nm] measured; return why not, if nothing is there."""
        inside = self._tree.query_ball_point((y, x), radius) if radius >= 0 else []
        if not inside:
            where = f"{radius:g} nm of y = {y:g}, x = {x:g} nm"
            return f"agent: no candidate within {where}: give a larger radius"
        self.vetoed.update(int(index) for index in inside)
        self.pinned = [index for index in self.pinned if index not in self.vetoed]
        return None

    def ingest(self, answer: Mapping[str, Any]) -> Point:
        """Note a measurement: of a suggestion or, if its ``_id`` is unknown, of the nearest candidate.

        Raises
        ------
        ValueError
            In one line, if it is neither, or its keys are not there.
        """
        try:
            number, value = int(answer["_id"]), float(answer["value"])
            sigma = float(answer["sigma"])
            electrons = float(answer.get("electrons", math.nan))
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"agent: can't ingest {dict(answer)!r}: give _id, scanner_y, scanner_x, value, sigma"
            ) from error
        pending = self.pending.pop(number, None) or Pending(self._nearest(answer))
        point = Point(
            id=number,
            index=pending.index,
            value=value if math.isfinite(value) else None,
            # Without a sigma of its own, a value's noise is what the model learns of all of them.
            sigma=sigma if math.isfinite(sigma) and sigma > 0 else 0.0,
            mean=pending.mean,
            expected=pending.sigma,
            electrons=electrons if math.isfinite(electrons) else None,
        )
        self.points = sorted((*self.points, point), key=lambda one: (one.id, one.index))
        return point

    def movables(self, index: int) -> dict[str, float]:
        """Return what to move where [nm] for a candidate."""
        y, x = self.positions[index]
        return {"scanner_y": float(y), "scanner_x": float(x)}

    def state(self) -> dict[str, Any]:
        """Return all of it but the positions, fit for JSON."""
        return {
            "suggested": self.suggested,
            "pending": {str(number): asdict(one) for number, one in self.pending.items()},
            "points": [asdict(point) for point in self.points],
            "pinned": self.pinned,
            "vetoed": sorted(self.vetoed),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`."""
        self.suggested = state["suggested"]
        self.pending = {int(number): Pending(**one) for number, one in state["pending"].items()}
        self.points = [Point(**point) for point in state["points"]]
        self.pinned, self.vetoed = list(state["pinned"]), set(state["vetoed"])

    def _nearest(self, answer: Mapping[str, Any]) -> int:
        place = (float(answer["scanner_y"]), float(answer["scanner_x"]))
        distance, index = self._tree.query(place)
        if not distance <= self._reach:
            raise ValueError(
                f"agent: the point at y = {place[0]:g}, x = {place[1]:g} nm is no suggestion and "
                f"{distance:.3g} nm from the nearest candidate: measure where candidates are"
            )
        return int(index)


def _spacing(tree: KDTree, positions: NDArray[np.float64]) -> float:
    """Largest distance of a candidate from its nearest neighbour [nm]; a lone one has none."""
    if len(positions) == 1:
        return math.inf
    distances, _ = tree.query(positions, k=2)
    return float(np.max(distances, axis=0)[1])
