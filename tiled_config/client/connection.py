"""Reach the catalog: from an address and a key to the container that holds the runs."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from tiled.client.constructors import from_context
from tiled.client.context import Context
from tiled.client.utils import ClientError
from tiled.structures.core import Spec

from ..error import CatalogError
from .token_auth import TokenAuth

RUNS = "runs"
# Beside the runs: what consumers and agents make of them.
DERIVED = "derived"
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
        A key of it: what can be done with the result is what the key is for (`keys.SCOPES`).

    Returns
    -------
    CatalogOfBlueskyRuns
        The container of the runs, made if the catalog is new. ``runs[uid]``, ``runs[-1]``, ``runs[scan_id]``.

    Raises
    ------
    CatalogError
        If nobody answers there, the key is refused, or it is the address of a web page.
    """
    try:
        # Tiled's client would try for half a minute.
        httpx.get(uri, timeout=TIMEOUT)
        with contextlib.ExitStack() as stack:
            context, _ = Context.from_any_uri(uri, api_key=api_key, timeout=TIMEOUT)
            stack.callback(context.close)
            # Tiled's client makes a key for each subscription if there are users: ours may make none, and
            # needn't.
            context.server_info.authentication.providers.clear()
            context.http_client.auth = TokenAuth(str(context.api_uri), api_key)
            runs = _runs(from_context(context))
            stack.pop_all()
    except httpx.TransportError as error:
        raise CatalogError(
            f"no catalog answers at {uri} ({error}): is `stemline catalog` running?"
        ) from error
    except httpx.HTTPStatusError as error:
        if error.response.status_code in (401, 403):
            raise CatalogError(
                f"catalog at {uri} refused the API key: take one of those in the folder keys of the catalog"
            ) from error
        raise CatalogError(f"catalog at {uri} failed ({error}): see its log") from error
    except ValueError as error:  # not JSON, or the address of a page, with a key in it
        page = uri.partition("?")[0]
        raise CatalogError(
            f"{page} is a web page: the catalog's own address ends with /api/v1 (`stemline status` says it)"
        ) from error
    return runs


def derived(runs: CatalogOfBlueskyRuns) -> Any:
    """Container of derived data in the same catalog, over the same connections; an agent may write there.

    Parameters
    ----------
    runs
        From `connect`.

    Raises
    ------
    CatalogError
        If the catalog has none.
    """
    try:
        return from_context(runs.context, node_path_parts=[DERIVED])
    except ClientError as error:
        raise CatalogError(
            f"catalog at {runs.context.api_uri} has no {DERIVED!r}: "
            "run `python -m stemline.tiled_config.server.prepare` on it"
        ) from error


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
