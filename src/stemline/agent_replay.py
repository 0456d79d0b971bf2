"""The agent of a run, built again from the catalog alone: from survey image, decisions and measurements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from tiled.client.container import Container

from stemline.agents.worker import WorkerProposer
from stemline.analysis.featurise import Candidates, candidates
from stemline.consumers.run_stream import read_events
from stemline.consumers.run_summary import RunSummary, read_run_summary

TIMEOUT = 300.0  # [s] for any answer of the agent
COMPARED = (
    "y",
    "x",
    "mean",
    "sigma",
    "acquisition",
    "model_version",
    "trained_on",
    "random_state",
    "strategy",
)


@dataclass(frozen=True)
class Step:
    """A suggestion of the run, and where the one made again differs: data key -> (recorded, made again)."""

    id: int
    strategy: str
    differs: Mapping[str, tuple[Any, Any]]


class AgentReplay:
    """An agent that is told what the run's agent was told, in the same order.

    Parameters
    ----------
    run
        Of the catalog; of a plan with an agent, finished or going on.

    Attributes
    ----------
    summary
        The run.
    candidates
        Where might be measured, and what the survey image shows there.

    Raises
    ------
    ValueError
        In one line, if the run had no agent, or has no survey image.
    """

    def __init__(self, run: Container) -> None:
        self.summary: RunSummary = read_run_summary(run)
        start, survey = self.summary.start, self.summary.survey
        if "agent" not in start:
            raise ValueError(f"run {self.summary.uid[:8]} ({self.summary.plan_name}) had no agent to explain")
        if survey is None:
            raise ValueError(f"run {self.summary.uid[:8]} has no survey image in the catalog")
        self._electrons = read_events(run, "primary").get("beam_electrons", np.empty(0))
        frame, where = start["survey"], start["candidates"]
        self.candidates: Candidates = candidates(
            survey.image,
            float(frame["field_of_view"]) / int(frame["shape"][1]),
            tuple(where["grid"]),
            where["patch_size"],
        )
        # What the deadline did is in the record; it is not to strike again.
        self._options = {**start["agent"], "num_points": start["num_points"], "deadline": None}

    @contextmanager
    def agent(self) -> Iterator[WorkerProposer]:
        """Start the agent, before its first suggestion, in its own process with one thread, as runs do."""
        worker = WorkerProposer(self.candidates.features, self.candidates.positions, self._options)
        try:
            yield worker
        finally:
            worker.close()

    def steps(self, agent: WorkerProposer) -> Iterator[Step]:
        """Have `agent` go through the run; it waits after each suggestion, to be asked about it."""
        decisions = self.summary.decisions
        answers, told = self._answers(), set[int]()
        for row in range(len(decisions.get("seq_num", ()))):
            said = {key.removeprefix("decision_"): decisions[key][row] for key in decisions}
            kind, number = str(said["strategy"]), int(said["id"])
            if kind == "stop":
                return
            if number < 0:
                radius = () if kind == "pin" else (float(said["radius"]),)
                agent.submit(kind, float(said["y"]), float(said["x"]), *radius).result(TIMEOUT)
                continue
            for one in numbers(str(said["ingested"])):
                if one not in told:
                    agent.submit("ingest", [answers[one]]).result(TIMEOUT)
                    told.add(one)
            late = (True,) if said["fallback"] else ()
            suggested = agent.submit("suggest", 1, *late).result(TIMEOUT)
            if not suggested:
                yield Step(number, kind, {"id": (number, None)})
                return
            yield Step(number, kind, _differences(said, suggested[0]))
            if said["withdrawn"]:
                agent.submit("withdraw", [number]).result(TIMEOUT)

    def _answers(self) -> dict[int, dict[str, Any]]:
        """Return what the agent was told of each point, by ``_id``."""
        decisions, points = self.summary.decisions, self.summary.points
        measured = (decisions["decision_id"] >= 0) & (decisions["decision_withdrawn"] == 0)
        rows = np.flatnonzero(measured)[: len(points)]
        return {
            int(decisions["decision_id"][row]): {
                "_id": int(decisions["decision_id"][row]),
                "scanner_y": float(decisions["decision_y"][row]),
                "scanner_x": float(decisions["decision_x"][row]),
                "value": float(points.value[i]) if points.trusted[i] else math.nan,
                "sigma": float(points.sigma[i]),
                "electrons": float(self._electrons[i] - decisions["decision_electrons"][row]),
            }
            for i, row in enumerate(rows)
        }


def numbers(ranges: str) -> list[int]:
    """Read whole numbers written as ``"0-4,7"``.

    Examples
    --------
    >>> numbers("0-2,7")
    [0, 1, 2, 7]
    """
    ends = [part.split("-") for part in ranges.split(",") if part]
    return [number for part in ends for number in range(int(part[0]), int(part[-1]) + 1)]


def _differences(said: Mapping[str, Any], suggested: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    again = {
        "y": suggested["scanner_y"],
        "x": suggested["scanner_x"],
        "strategy": suggested["_kind"],
        **{key: suggested.get(f"_{key}") for key in COMPARED if f"_{key}" in suggested},
    }
    return {
        key: (said[key], again[key]) for key in COMPARED if key in again and not _same(said[key], again[key])
    }


def _same(recorded: Any, again: Any) -> bool:
    if again is None:
        return bool(math.isnan(recorded))
    return bool(recorded == again)
