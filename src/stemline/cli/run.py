"""`stemline run` and `stemline demo`: an experiment from start to figure."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .stop_request import StopRequest

if TYPE_CHECKING:
    from stemline.session import Session


class Plan(StrEnum):
    """The experiments of a session."""

    ADAPTIVE = "adaptive"
    RANDOM = "random"
    GRID = "grid"
    SURVEY = "survey"


def run(
    config: Annotated[Path, typer.Argument(help="Session YAML.")],
    plan: Annotated[Plan, typer.Option(help="Which experiment.")] = Plan.ADAPTIVE,
    points: Annotated[
        int | None, typer.Option(help="Measurement budget; default: the configuration's.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="PNG to write.")] = None,
) -> None:
    """Run one experiment, print its summary, and draw it."""
    from stemline.config import load
    from stemline.session import Session

    with Session(load(config)) as session:
        uid = execute(session, build(session, plan, points))
        if plan is Plan.SURVEY:
            print(f"run {uid}\ncatalog {session.catalog_url}")
            return
        report(session, uid, figure or session.config.data / f"{uid[:8]}.png")


def demo(
    config: Annotated[
        Path | None, typer.Argument(help="Session YAML; default: the built-in simulation.")
    ] = None,
    points: Annotated[
        int | None, typer.Option(help="Measurement budget; default: the configuration's.")
    ] = None,
    figure: Annotated[Path, typer.Option(help="PNG to write.")] = Path("stemline-demo.png"),
) -> None:
    """Run the whole loop on a simulated microscope, with a random run to compare it with."""
    from stemline.config import load
    from stemline.session import Session

    with Session(load(config)) as session:
        print("\n1. The baseline: positions drawn blindly")
        baseline = execute(session, build(session, Plan.RANDOM, points))
        print("\n2. The agent decides, and learns from each measurement")
        uid = execute(session, build(session, Plan.ADAPTIVE, points))
        print()
        report(session, uid, figure, baseline)


def build(session: Session, plan: Plan, points: int | None) -> Any:
    """Build the plan that a name stands for."""
    experiments = session.experiments
    match plan:
        case Plan.ADAPTIVE:
            return experiments.adaptive(points)
        case Plan.RANDOM:
            return experiments.random(points)
        case Plan.GRID:
            return experiments.grid_spectroscopy()
        case Plan.SURVEY:
            return experiments.survey()


def execute(session: Session, plan: Any) -> str:
    """Run a plan, showing its progress; return the uid of its run. Ctrl-C aborts it, SIGTERM too.

    Raises
    ------
    KeyboardInterrupt
        After the run was closed as aborted.
    """
    from bluesky.utils import RunEngineInterrupted

    from stemline.plans.progress import Progress

    try:
        uids = session.RE(plan, Progress())
    except RunEngineInterrupted:
        session.RE.abort(f"stopped by {StopRequest.name}")
        raise KeyboardInterrupt from None
    assert isinstance(uids, tuple)  # what a RunEngine returns unless it is told to return a result
    return str(uids[0])


def report(session: Session, uid: str, figure: Path, baseline: str | None = None) -> None:
    """Read a run back from the catalog; print its table, draw its figure, say where it is."""
    from stemline.consumers.run_summary import read_run_summary
    from stemline.consumers.summary_figure import draw_summary
    from stemline.consumers.summary_table import format_summary

    print("waiting for the catalog to have every document", flush=True)
    if problem := session.flush():
        raise RuntimeError(problem)
    summary = read_run_summary(session.catalog[uid])
    peer = read_run_summary(session.catalog[baseline]) if baseline else None
    print(format_summary(summary, peer))
    draw_summary(summary, figure, peer)
    print(f"\nfigure   {figure}\nrun      {uid}\ncatalog  {session.catalog_url}")
    if session.config.catalog.uri is None:
        print("         (ends with this command; `stemline catalog` serves it again)")
