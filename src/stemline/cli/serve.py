"""`stemline ioc` and `stemline catalog`: the servers a session otherwise starts for itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stemline.tiled_config.server import CatalogServer

ConfigFile = Annotated[Path | None, typer.Argument(help="Session YAML; without it, the built-in simulation.")]


def ioc(config: ConfigFile = None) -> None:
    """Serve the instrument as EPICS process variables until Ctrl-C."""
    from stemline.config import load
    from stemline.devices.ioc.server import serve

    serve(load(config).ioc_server())


def announce(server: CatalogServer) -> None:
    """Say where the catalog is; the address holds its key, so it is for the user's own terminal."""
    print(f"catalog at {server.web_url}  (Ctrl-C ends it)", flush=True)


def catalog(config: ConfigFile = None) -> None:
    """Serve the catalog (Tiled) until Ctrl-C."""
    from stemline.config import load
    from stemline.tiled_config.server import serve

    serve(load(config).catalog_server(), announce)
