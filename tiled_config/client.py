"""Reach the catalog: from an address and a key to the container that holds the runs."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from tiled.client import from_uri
from tiled.client.utils import ClientError
from tiled.structures.core import Spec

from .error import CatalogError

RUNS = "runs"
# Version 3 is the layout that TiledWriter writes; databroker looks a run up by this spec.
RUNS_SPEC = Spec("CatalogOfBlueskyRuns", version="3.0")
# A writer must learn within seconds, not minutes, that a catalog hangs; Tiled's own default is 30 s a read.
TIMEOUT = httpx.Timeout(10.0, connect=5.0)  # [s]


def connect(uri: str, api_key: str) -> CatalogOfBlueskyRuns:
    """Connect to a catalog.

    Parameters
    ----------
    uri
        Address of the Tiled server, as `CatalogServer.uri` gives it.
    api_key
        Its secret.

    Returns
    -------
    CatalogOfBlueskyRuns
        The container of the runs, made if the catalog is new. ``runs[uid]``, ``runs[-1]``, ``runs[scan_id]``.

    Raises
    ------
    CatalogError
        If nobody answers there, or the key is refused.
    """
    try:
        # Tiled's client would try for half a minute.
        httpx.get(uri, timeout=TIMEOUT)
        with contextlib.ExitStack() as stack:
            root = from_uri(uri, api_key=api_key, timeout=TIMEOUT)
            stack.callback(root.context.close)
            runs = _runs(root)
            stack.pop_all()
    except httpx.TransportError as error:
        raise CatalogError(
            f"no catalog answers at {uri} ({error}): is `stemline catalog` running?"
        ) from error
    except httpx.HTTPStatusError as error:
        if error.response.status_code in (401, 403):
            raise CatalogError(
                f"catalog at {uri} refused the API key: take the one in the file api_key of its folder"
            ) from error
        raise CatalogError(f"catalog at {uri} failed ({error}): see its log") from error
    return runs


def disconnect(runs: CatalogOfBlueskyRuns) -> None:
    """Close the connections that `connect` opened; everything read from `runs` shares them."""
    runs.context.close()


def _runs(root: Any) -> CatalogOfBlueskyRuns:
    if RUNS not in root:
        try:
            root.create_container(key=RUNS, specs=[RUNS_SPEC])
        except ClientError as error:
            # Another client was faster.
            if error.response.status_code != httpx.codes.CONFLICT:
                raise
    return root[RUNS]
