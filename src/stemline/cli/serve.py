"""`stemline ioc` and `stemline catalog`: the servers a session otherwise starts for itself."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path | None, typer.Argument(help="Session YAML; without it, the built-in simulation.")]


def ioc(config: ConfigFile = None) -> None:
    """Serve the instrument as EPICS process variables until Ctrl-C."""
    from stemline.config import load
    from stemline.devices.ioc.server import serve

    serve(load(config).ioc_server())


def catalog(config: ConfigFile = None) -> None:
    """Serve the catalog (Tiled) until Ctrl-C."""
    from stemline.config import load
    from stemline.tiled_config.client.profile import profile
    from stemline.tiled_config.server import CatalogServer

    session = load(config)
    with (
        CatalogServer(session.catalog_server()) as server,
        profile(session.profiles, server.uri, server.viewer_key),
    ):
        # The address holds a key that can only read: it is for the user's own terminal.
        print(f"catalog at {server.web_url}  (Ctrl-C ends it)", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()
