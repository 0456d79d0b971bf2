"""`stemline explain`: why the agent measured where it did."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from .forward import catalog_of


def explain(
    run: Annotated[str, typer.Argument(help="Beginning of the run's uid, or -1 for the last one.")],
    config: Annotated[Path | None, typer.Argument(help="Session YAML; without it, the built-in one.")] = None,
    decision: Annotated[int | None, typer.Option(help="decision_id; default: the last one.")] = None,
    figure: Annotated[Path | None, typer.Option(help="PNG to write.")] = None,
) -> None:
    """Go through a run again with its agent, from the catalog alone; draw why it chose a point.

    Says whether every suggestion came out the same, bit for bit; exit code 1 if not.
    """
    from stemline.agent_replay import AgentReplay
    from stemline.config import load
    from stemline.consumers.decision_figure import draw_decision
    from stemline.explanation import explain as explain_decision
    from stemline.tiled_config.client import connect, disconnect

    with contextlib.ExitStack() as stack:
        runs = connect(*catalog_of(load(config), stack))
        stack.callback(disconnect, runs)
        replay = AgentReplay(runs[int(run)] if run.startswith("-") else runs[run])
        found, steps = explain_decision(replay, decision)
    differing = [step for step in steps if step.differs]
    for line in found.lines:
        print(line)
    path = figure or Path(f"{replay.summary.uid[:8]}-{found.id}.png")
    draw_decision(found, path)
    print(f"{len(steps) - len(differing)} of {len(steps)} suggestions came out the same, bit for bit")
    for step in differing[:1]:
        what = ", ".join(f"{key} {old!r} now {new!r}" for key, (old, new) in step.differs.items())
        print(f"first that differs: {step.id} ({step.strategy}): {what}: other versions or another machine?")
    print(f"figure   {path}")
    raise typer.Exit(1 if differing else 0)
