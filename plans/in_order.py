"""A proposer that has made up its mind before the first measurement: every position in a given order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray


class InOrder:
    """Visits candidates in `order`; its prediction is what was measured, NaN elsewhere.

    It is a `Proposer` and, since it answers at once, its own `BackgroundProposer`.

    Parameters
    ----------
    positions
        Of all candidates, ``(n, 2)`` as (y, x) [nm].
    order
        Indices of the candidates to visit.
    kind
        What its suggestions are called: "grid", "random".
    """

    def __init__(self, positions: NDArray[np.float64], order: Iterable[int], kind: str) -> None:
        self._positions = positions
        self._order = [int(index) for index in order]
        self._kind = kind
        self._next = 0
        self._mean = np.full(len(positions), np.nan)
        self._sigma = np.full(len(positions), np.nan)

    def submit(self, method: str, *args: Any) -> Future[Any]:
        """Call `method` now; the future is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(getattr(self, method)(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing is open."""

    def suggest(self, num_points: int | None = None) -> list[dict[str, Any]]:
        """Return the next positions; ``_id`` is the place in the order."""
        first = self._next
        self._next = min(first + (num_points or 1), len(self._order))
        return [self._suggestion(place) for place in range(first, self._next)]

    def ingest(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Keep the measured values."""
        for point in points:
            index = self._order[point["_id"]]
            self._mean[index], self._sigma[index] = point["value"], point["sigma"]

    def should_stop(self) -> tuple[bool, str | None]:
        """Return True and the reason once all positions were suggested."""
        if self._next < len(self._order):
            return False, None
        return True, f"all {len(self._order)} positions of the {self._kind} order were visited"

    def predict(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the measured values and their standard deviations, ``(n,)`` each."""
        return self._mean.copy(), self._sigma.copy()

    def checkpoint(self) -> dict[str, Any]:
        """Return the order and how far it was followed."""
        return {"kind": self._kind, "order": self._order, "next": self._next}

    def get_best_points(self) -> list[tuple[Any, ...]]:
        """Return the point of the largest value, if any."""
        if np.isnan(self._mean).all():
            return []
        best = int(np.nanargmax(self._mean))
        y, x = self._positions[best]
        movables = {"scanner_y": float(y), "scanner_x": float(x)}
        return [(self._order.index(best), movables, {"value": float(self._mean[best])})]

    def _suggestion(self, place: int) -> dict[str, Any]:
        y, x = self._positions[self._order[place]]
        return {
            "_id": place,
            "scanner_y": float(y),
            "scanner_x": float(x),
            "_mean": None,
            "_sigma": None,
            "_acquisition": None,
            "_model_version": 0,
            "_kind": self._kind,
        }
