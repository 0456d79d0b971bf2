"""The catalog as databroker shows it, for scripts that know `db[-1].table()`."""

from __future__ import annotations

from typing import Any

from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from databroker.v1 import Broker
from tiled.utils import OneShotCachedMap


def broker(runs: CatalogOfBlueskyRuns) -> Broker:
    """Wrap the container of the runs.

    Parameters
    ----------
    runs
        From `connect`.

    Returns
    -------
    databroker.v1.Broker
        ``db[-1].table("primary")``, ``db[uid].documents()``, ``db(plan_name=...)``.
    """
    return Broker(CatalogOfBlueskyRuns(runs.context, item=runs.item, structure_clients=_own_copy(runs)))


def _own_copy(runs: CatalogOfBlueskyRuns) -> OneShotCachedMap[str, Any]:
    # databroker asks for runs in its own layout by changing a copy of this map; `copy.copy` shares what is in
    # it, so every run that anybody reads afterwards would have that layout (bluesky-tiled-plugins 2.0.12).
    clients = runs.structure_clients

    def look_up(name: str) -> Any:
        return lambda: clients[name]

    return OneShotCachedMap({name: look_up(name) for name in clients})
