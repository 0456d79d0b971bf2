"""`stemline ioc` and `stemline catalog`: the servers a session otherwise starts for itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path | None, typer.Argument(help="Session YAML; without it, the built-in simulation.")]


def ioc(config: ConfigFile = None) -> None:
    """Serve the instrument as EPICS process variables until Ctrl-C."""
    from stemline.config import load
    from stemline.devices.ioc.server import serve

    serve(load(config).ioc)


def catalog(config: ConfigFile = None) -> None:
    """Serve the catalog (Tiled) until Ctrl-C."""
    from stemline.config import load
    from stemline.tiled_config.server import serve

    serve(load(config).catalog)
