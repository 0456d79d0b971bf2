"""The catalog as databroker shows it, for scripts that know `db[-1].table()`."""

from __future__ import annotations

from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from databroker.v1 import Broker

from .own_clients import with_own_clients


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
    return Broker(with_own_clients(runs))
