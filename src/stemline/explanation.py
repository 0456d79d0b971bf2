"""Why the agent chose a point: its maps at that moment, and what it had measured that looks alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemline.agent_replay import TIMEOUT, AgentReplay, Step, numbers
from stemline.consumers.decision_figure import Decision, Patch

NEAREST = 4  # measured patches to show


def explain(replay: AgentReplay, number: int | None = None) -> tuple[Decision, list[Step]]:
    """Go through a run again as far as a decision, and return what it was based on.

    Parameters
    ----------
    replay
        Of the run.
    number
        ``decision_id``; by default the last one.

    Returns
    -------
    Decision
        Ready to be drawn.
    list of Step
        All suggestions made again, that one the last.

    Raises
    ------
    ValueError
        In one line, if the run has no such decision.
    """
    ids = [int(one) for one in replay.summary.decisions.get("decision_id", ()) if one >= 0]
    wanted = max(ids, default=0) if number is None else number
    if wanted not in ids:
        raise ValueError(
            f"run {replay.summary.uid[:8]} has no decision {wanted}: there are 0 to {max(ids, default=-1)}"
        )
    with replay.agent() as agent:
        steps = []
        for step in replay.steps(agent):
            steps.append(step)
            if step.id == wanted:
                break
        maps = agent.submit("considered").result(TIMEOUT)
    return _decision(replay, wanted, maps), steps


def _decision(replay: AgentReplay, number: int, maps: Mapping[str, NDArray[np.float64]]) -> Decision:
    run, chosen = replay.summary, replay.candidates
    decisions, points = run.decisions, run.points
    row = int(np.flatnonzero(decisions["decision_id"] == number)[0])
    known = numbers(str(decisions["decision_ingested"][row]))
    measured = decisions["decision_id"][
        (decisions["decision_id"] >= 0) & (decisions["decision_withdrawn"] == 0)
    ]
    order = [i for i, one in enumerate(measured[: len(points)]) if int(one) in set(known)]
    y, x = float(decisions["decision_y"][row]), float(decisions["decision_x"][row])
    here = _nearest(chosen.positions, y, x)
    there = [_nearest(chosen.positions, points.y[i], points.x[i]) for i in order]
    unlike = np.linalg.norm(chosen.features[there] - chosen.features[here], axis=1) if there else np.empty(0)
    patches = [Patch(_patch(replay, here), "chosen")]
    for place in np.argsort(unlike, kind="stable")[:NEAREST]:
        i = order[int(place)]
        title = f"point {i + 1}: {points.value[i]:.4g} ± {points.sigma[i]:.2g}\n{unlike[place]:.2f} away"
        patches.append(Patch(_patch(replay, there[int(place)]), title))
    shaped = {name: np.reshape(values, chosen.grid) for name, values in maps.items()}
    return Decision(
        run=run,
        id=number,
        lines=_lines(replay, row),
        y=y,
        x=x,
        measured_y=points.y[order],
        measured_x=points.x[order],
        mean=shaped.get("mean"),
        sigma=shaped.get("sigma"),
        acquisition=shaped.get("acquisition"),
        patches=tuple(patches),
    )


def _lines(replay: AgentReplay, row: int) -> tuple[str, ...]:
    said: Any = {key: values[row] for key, values in replay.summary.decisions.items()}
    strategy = str(said["decision_strategy"]).replace("_", " ")
    head = (
        f"run {replay.summary.uid[:8]}, decision {said['decision_id']}: {strategy} at "
        f"y = {said['decision_y']:.4g}, x = {said['decision_x']:.4g} nm"
    )
    known = f"known by then: points {said['decision_ingested'] or 'none'}"
    if said["decision_pending"]:
        known += f"; being measured: {said['decision_pending']}"
    if said["decision_fallback"]:
        known += f"; too late for a new fit: {said['decision_fallback']}"
    if np.isnan(said["decision_mean"]):
        return head, known
    unit = replay.summary.unit
    expected = (
        f"expected {said['decision_mean']:.4g} ± {said['decision_sigma']:.2g}{f' {unit}' if unit else ''}; "
        f"model {said['decision_model_version']}, {said['decision_kernel']} kernel, "
        f"fitted to {said['decision_trained_on']} points"
    )
    return head, expected, known


def _nearest(positions: NDArray[np.float64], y: float, x: float) -> int:
    return int(np.hypot(positions[:, 0] - y, positions[:, 1] - x).argmin())


def _patch(replay: AgentReplay, index: int) -> NDArray[np.generic]:
    """Cut what is around a candidate out of the survey image, as much as there is."""
    survey = replay.summary.survey
    assert survey is not None
    gy, gx = replay.candidates.grid
    spacing = survey.image.shape[1] // gx
    half = max((replay.summary.start["candidates"]["patch_size"] or 31) // 2, spacing)
    cy, cx = (int((i + 0.5) * spacing) for i in divmod(index, gx))
    padded = np.pad(survey.image, half, mode="edge")
    return padded[cy : cy + 2 * half + 1, cx : cx + 2 * half + 1]
