"""A fit, in a thread where the agent is to suggest meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import asdict
from typing import Any, Self

import numpy as np

from .kernels import DEEP_FROM
from .measurements import Measurements
from .surrogate import Surrogate
from .visits import Point

POINTS_A_SUGGESTION = 50  # a fit of 100 points takes 0.1 s, of 500 0.7 s
FIRST_DEEP_FIT = 10  # suggestions: it takes 1 s, for it begins from nothing


class Training:
    """What `model` becomes when it is fitted to `points`; `model` itself stays as it is.

    Parameters
    ----------
    model
        From whose hyper-parameters the search begins.
    points
        With a value.
    due
        The number of the suggestion that is to come from the new model, and not before: counted rather than
        timed, so that it does not depend on how busy the computer is.
    wait
        Fit at once, in this thread, which takes half the CPU time: torch is slower in others.
    """

    def __init__(self, model: Surrogate, points: Sequence[Point], due: int, wait: bool = False) -> None:
        self.points = tuple(points)
        self.due = due
        self._fitted: Future[Surrogate] = Future()
        if wait:
            self._fit(model)
        else:
            threading.Thread(target=self._fit, args=(model,), name="training", daemon=True).start()

    def is_done(self, within: float | None) -> bool:
        """Wait for the end, no longer than `within` [s]; return whether it has come."""
        return bool(wait_for([self._fitted], within).done)

    def model(self) -> Surrogate:
        """Return the fitted model.

        Raises
        ------
        numpy.linalg.LinAlgError
            If the points could not be fitted.
        """
        return self._fitted.result()

    def _fit(self, model: Surrogate) -> None:
        try:
            self._fitted.set_result(model.refitted(measurements(self.points)))
        except Exception as error:  # noqa: BLE001 - raised where the model is asked for
            self._fitted.set_exception(error)

    def state(self) -> dict[str, Any]:
        """Return what it works on, fit for JSON."""
        return {"points": [asdict(point) for point in self.points], "due": self.due}

    @classmethod
    def again(cls, model: Surrogate, state: Mapping[str, Any]) -> Self:
        """Begin anew what had this `state`: it ends the same."""
        return cls(model, [Point(**point) for point in state["points"]], state["due"])


def suggestions_meanwhile(before: int, points: int) -> int:
    """Return how many suggestions a fit of `points` gets the time of, the last one having had `before`.

    At 0.1 s a point they are not kept waiting for it; where points are quicker, they are.
    """
    if not before:  # nothing else can make suggestions
        return 0
    first = FIRST_DEEP_FIT if before < DEEP_FROM <= points else 0
    return first + 1 + points // POINTS_A_SUGGESTION


def measurements(points: Sequence[Point]) -> Measurements:
    """Return what a model is told of points with a value."""
    return Measurements(
        np.array([point.index for point in points], dtype=np.intp),
        np.array([point.known for point in points]),
        np.array([point.sigma for point in points]),
    )
