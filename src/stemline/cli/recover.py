"""`stemline recover`: close the runs whose process died."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def recover(
    config: Annotated[Path | None, typer.Argument(help="Session YAML; without it, the built-in one.")] = None,
) -> None:
    """Close runs whose process died as failed, and say how far they came; sessions do it when they start."""
    from stemline.config import load
    from stemline.tiled_config.journal.recover import recover as close_dead_runs

    found = close_dead_runs(load(config).data / "journal")
    for run in found:
        print(run.line)
    if not found:
        print("nothing to recover")
    if any(run.outcome == "closed" for run in found):
        command = " ".join(["stemline forward --once", *([str(config)] if config else [])])
        print(f"`{command}` puts what is not yet there into the catalog; so does the next session")
    if any(run.outcome == "left" for run in found):
        raise typer.Exit(1)
