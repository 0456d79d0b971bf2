"""Suggest, decide, measure, ingest, until there is a reason to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bluesky.utils import MsgGenerator

from .await_answers import await_answers
from .decide import record_stop, record_suggestion, record_wish
from .fixed import Fixed
from .measure_point import measure_point
from .measurement import Measurement
from .messages import checkpoint, put, value_of
from .protocols import BackgroundProposer, Microscope, Records, Suggestion
from .record import declare, record
from .steering import Steering, Wish

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
    waited: float = 0.0  # [s], by the plan: the beam has nothing to do meanwhile
    _sent: list[Any] = field(default_factory=list)

    def tell(self, method: str, *args: Any) -> None:
        """Submit a call whose answer is awaited together with the next one."""
        self._sent.append(self.proposer.submit(method, *args))

    def ask(self, method: str, *args: Any) -> MsgGenerator[Any]:
        self.tell(method, *args)
        return (yield from self.answers(method))[-1]

    def answers(self, method: str) -> MsgGenerator[list[Any]]:
        """Wait for the answers to all calls so far, of which that to `method` takes longest."""
        sent, self._sent = self._sent, []
        began = time.monotonic()
        answers = yield from await_answers(*sent, timeout=self.timeout, doing=f"the agent's {method}")
        self.waited += time.monotonic() - began
        return answers


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
    overlap: bool = False,
    steering: Steering | None = None,
) -> MsgGenerator[Outcome]:
    """Measure up to `num_points` points where `proposer` says, then record its prediction and why it ended.

    Calls to the proposer are made by the plan, once each and in an order that does not depend on the clock: a
    pause repeats messages, never calls.

    Parameters
    ----------
    grid
        Shape ``(ny, nx)`` of the candidates, which gives the predicted maps theirs.
    fixed
        Settings that must not change.
    suggest_timeout
        Longest wait for any answer of the proposer [s].
    overlap
        Ask for the next suggestion, and whether to stop, before a point is measured: the agent answers
        meanwhile, knowing nothing of that point but where it is.
    steering
        Wishes of a person, heeded before each point.
    """
    agent = _Agent(proposer, suggest_timeout)
    done = flagged = 0
    reason: str | None = None
    suggestions: list[dict[str, Any]] | None = None
    budget = float((yield from value_of(microscope.beam.electron_budget)))
    electrons = float((yield from value_of(microscope.beam.electrons)))
    while reason is None:
        yield from checkpoint()
        if suggestions is None:
            suggestions = yield from agent.ask("suggest", 1)
        if wishes := [] if steering is None else steering.take():
            suggestions = yield from _heed(wishes, agent, records, suggestions)
        if not suggestions:
            reason = "the agent has no candidate left"
            break
        (suggestion,) = suggestions
        position = yield from record_suggestion(records, suggestion, waited=agent.waited, electrons=electrons)
        agent.waited, suggestions = 0.0, None
        is_ahead = overlap and done + 1 < num_points
        if is_ahead:
            agent.tell("should_stop")
            agent.tell("suggest", 1)
        scalar = yield from measure_point(microscope, records, measurement, position, fixed)
        done += 1
        trusted = not scalar.flags and bool(np.isfinite(scalar.value))
        flagged += not trusted
        before, electrons = electrons, float((yield from value_of(microscope.beam.electrons)))
        if is_ahead:
            *_, (_, reason), suggestions = yield from agent.answers("suggest")
        value = scalar.value if trusted else np.nan
        agent.tell("ingest", [_point(suggestion, position, value, scalar.sigma, electrons - before)])
        if not is_ahead:
            _, reason = yield from agent.ask("should_stop")
        if reason is None and done >= num_points:
            reason = f"measured the {num_points} points asked for"
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


def _heed(
    wishes: Sequence[Wish], agent: _Agent, records: Records, suggestions: Sequence[Suggestion]
) -> MsgGenerator[list[dict[str, Any]]]:
    """Tell the agent what a person wants; what it suggested before is withdrawn, and both are recorded."""
    for suggestion in suggestions:
        yield from record_suggestion(records, suggestion, withdrawn=True)
    agent.tell("withdraw", [suggestion["_id"] for suggestion in suggestions])
    for wish in wishes:
        refused = yield from agent.ask(wish.kind, *wish.arguments)
        yield from record_wish(records, wish, refused)
    again: list[dict[str, Any]] = yield from agent.ask("suggest", 1)
    return again


def _point(
    suggestion: Any, position: tuple[float, float], value: float, sigma: float, electrons: float
) -> dict[str, Any]:
    return {
        "_id": suggestion.get("_id", -1),
        "scanner_y": position[0],
        "scanner_x": position[1],
        "value": float(value),
        "sigma": float(sigma),
        "electrons": electrons,
    }


def _value_and_position(best: tuple[Any, ...]) -> tuple[float, tuple[float, float]]:
    _, movables, outcomes = best
    return float(outcomes["value"]), (float(movables["scanner_y"]), float(movables["scanner_x"]))
