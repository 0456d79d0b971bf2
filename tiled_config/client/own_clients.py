"""A container of runs that nobody else's choice of layout changes."""

from __future__ import annotations

from typing import Any

from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from tiled.utils import OneShotCachedMap


def with_own_clients(runs: CatalogOfBlueskyRuns) -> CatalogOfBlueskyRuns:
    """Return the same container with a map of its own from specs to client classes.

    databroker asks for runs in its own layout by changing a copy of this map; `copy.copy` shares what is in
    it (bluesky-tiled-plugins 2.0.12), and Tiled has one map a process: every run that is read afterwards
    would have that layout, in which ``run["primary/eels_spectrum"]`` is a KeyError.
    """
    clients = runs.structure_clients

    def look_up(name: str) -> Any:
        return lambda: clients[name]

    own = OneShotCachedMap({name: look_up(name) for name in clients})
    return CatalogOfBlueskyRuns(runs.context, item=runs.item, structure_clients=own)
