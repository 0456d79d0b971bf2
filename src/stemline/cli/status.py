"""`stemline status`: how far the catalog is behind what was measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def status(
    config: Annotated[Path | None, typer.Argument(help="Session YAML; without it, the built-in one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say which runs the catalog does not have yet, whether they are being forwarded, and what is wrong."""
    from stemline.config import load
    from stemline.tiled_config.forwarder.journal_status import journal_status

    found = journal_status(load(config).data / "journal")
    print(json.dumps(asdict(found), indent=1) if as_json else "\n".join(found.lines()))
