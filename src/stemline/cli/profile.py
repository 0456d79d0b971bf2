"""`stemline profile`: the catalog by name, for every program of this user."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def profile(
    config: Annotated[
        Path | None, typer.Argument(help="Session YAML; without it, the built-in simulation.")
    ] = None,
) -> None:
    """Let databroker and Tiled find this session's catalog by the name `stemline`, whenever it is served."""
    from stemline.config import load
    from stemline.tiled_config.client.profile import NAME, link_profile

    link = link_profile(load(config).profiles / f"{NAME}.yml")
    print(f"{link}: databroker.catalog[{NAME!r}] is this session's catalog while it is served")
