"""Suggest, decide, measure, ingest, until there is a reason to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bluesky.utils import MsgGenerator

from .await_answers import await_answers
from .decide import record_stop, record_suggestion
from .fixed import Fixed
from .measure_point import measure_point
from .measurement import Measurement
from .messages import checkpoint, put, value_of
from .protocols import BackgroundProposer, Microscope, Records
from .record import declare, record

SPARE = 1.5  # exposures the budget must still allow, for they differ; what passes it the IOC refuses


@dataclass(frozen=True)
class Outcome:
    """What a loop ended with: why, how many points gave no value, and the best point ``(value, (y, x))``."""

    reason: str
    num_points: int = 0
    num_flagged: int = 0
    best: tuple[float, tuple[float, float]] | None = None


@dataclass
class _Agent:
    """Calls to the proposer as plan stubs, each answered within `timeout` [s]."""

    proposer: BackgroundProposer
    timeout: float
    _sent: list[Any] = field(default_factory=list)

    def tell(self, method: str, *args: Any) -> None:
        """Submit a call whose answer is awaited together with the next one."""
        self._sent.append(self.proposer.submit(method, *args))

    def ask(self, method: str, *args: Any) -> MsgGenerator[Any]:
        self.tell(method, *args)
        sent, self._sent = self._sent, []
        answers = yield from await_answers(*sent, timeout=self.timeout, doing=f"the agent's {method}")
        return answers[-1]


def point_loop(
    microscope: Microscope,
    records: Records,
    measurement: Measurement,
    grid: tuple[int, int],
    proposer: BackgroundProposer,
    *,
    fixed: Fixed,
    num_points: int,
    suggest_timeout: float,
) -> MsgGenerator[Outcome]:
    """Measure up to `num_points` points where `proposer` says, then record its prediction and why it ended.

    Calls to the proposer are made by the plan, once each: a pause repeats messages, never calls.

    Parameters
    ----------
    grid
        Shape ``(ny, nx)`` of the candidates, which gives the predicted maps theirs.
    fixed
        Settings that must not change.
    suggest_timeout
        Longest wait for any answer of the proposer [s].
    """
    agent = _Agent(proposer, suggest_timeout)
    done = flagged = 0
    reason: str | None = None
    budget = float((yield from value_of(microscope.beam.electron_budget)))
    electrons = float((yield from value_of(microscope.beam.electrons)))
    while reason is None:
        yield from checkpoint()
        suggestions = yield from agent.ask("suggest", 1)
        if not suggestions:
            reason = "the agent has no candidate left"
            break
        (suggestion,) = suggestions
        position = yield from record_suggestion(records, suggestion)
        scalar = yield from measure_point(microscope, records, measurement, position, fixed)
        done += 1
        trusted = not scalar.flags and bool(np.isfinite(scalar.value))
        flagged += not trusted
        agent.tell(
            "ingest", [_point(suggestion, position, scalar.value if trusted else np.nan, scalar.sigma)]
        )
        _, reason = yield from agent.ask("should_stop")
        if reason is None and done >= num_points:
            reason = f"measured the {num_points} points asked for"
        before, electrons = electrons, float((yield from value_of(microscope.beam.electrons)))
        if reason is None and 0 < budget < electrons + SPARE * (electrons - before):
            reason = f"the budget of {budget:.3g} electrons is spent"
    if done:
        mean, sigma = yield from agent.ask("predict")
        yield from put((records.prediction, (np.reshape(mean, grid), np.reshape(sigma, grid))))
        yield from declare("prediction", records.prediction)  # not before: its shape is known now
        yield from record("prediction", records.prediction)
    best = (yield from agent.ask("get_best_points")) if done > flagged else []
    yield from record_stop(records, reason)
    return Outcome(reason, done, flagged, _value_and_position(best[0]) if best else None)


def _point(suggestion: Any, position: tuple[float, float], value: float, sigma: float) -> dict[str, Any]:
    return {
        "_id": suggestion.get("_id", -1),
        "scanner_y": position[0],
        "scanner_x": position[1],
        "value": float(value),
        "sigma": float(sigma),
    }


def _value_and_position(best: tuple[Any, ...]) -> tuple[float, tuple[float, float]]:
    _, movables, outcomes = best
    return float(outcomes["value"]), (float(movables["scanner_y"]), float(movables["scanner_x"]))
