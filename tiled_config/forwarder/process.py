"""The forwarder's process: `python -m stemline.tiled_config.forwarder.process`; see `child_server`.

It may be killed at any time: what the catalog has is asked of the catalog.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

from ..child_server import answer, end_with_parent, settings
from ..error import CatalogError
from .status import only_forwarder

# A request that the server has and may still carry out is not given up: repeated meanwhile, its rows might be
# there twice. A server that dies closes the connection, so this is for a host that vanished.
READ_TIMEOUT = 300.0  # [s]
CONNECT_TIMEOUT = 5.0  # [s]
END_PATIENCE = 3.0  # [s]
# On a machine that is busy the scan goes first.
NICENESS = 5


def main() -> int:
    """Forward as told on stdin; exit code 1 if there are runs that the catalog does not take."""
    # Warnings only: at INFO httpx writes every request.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.nice(NICENESS)
    told = settings()
    folder = Path(told["folder"])
    ended = threading.Event()
    end_with_parent(ended.set, END_PATIENCE)
    try:
        with only_forwarder(folder):
            answer({})
            return forward(folder, told["uri"], told["api_key"], ended, told["once"])
    except CatalogError as error:
        answer({"error": str(error)})
        return 1


def forward(folder: Path, uri: str, api_key: str, ended: threading.Event, once: bool) -> int:
    """Follow the journals in `folder` until `ended` is set."""
    # After the answer: Tiled takes seconds to import, and nobody has to wait for that.
    import httpx
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

    from ..client.connection import connect
    from .forwarder import Forwarder

    def connect_patiently() -> CatalogOfBlueskyRuns:
        runs = connect(uri, api_key)
        runs.context.http_client.timeout = httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT)
        return runs

    forwarder = Forwarder(folder, connect_patiently, uri)
    forwarder.run(ended, once)
    return 1 if forwarder.status().set_aside else 0


if __name__ == "__main__":
    sys.exit(main())
