"""`stemline forward`: put what was measured into the catalog, where a session does not do it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stemline.config import SessionConfig


def forward(
    config: Annotated[Path | None, typer.Argument(help="Session YAML; without it, the built-in one.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End when nothing is waiting.")] = False,
) -> None:
    """Put journals into the catalog until Ctrl-C; the catalog is started if nobody serves it."""
    from stemline.config import load
    from stemline.tiled_config.forwarder import ForwarderProcess
    from stemline.tiled_config.forwarder.journal_status import journal_status

    session = load(config)
    folder = session.data / "journal"
    with contextlib.ExitStack() as stack:
        uri, key = catalog_of(session, stack)
        forwarder = stack.enter_context(ForwarderProcess(folder, uri, key, once=once))
        print(f"forwarding {folder} to {uri}" + ("" if once else "  (Ctrl-C ends it)"), flush=True)
        code = forwarder.wait()
    for line in journal_status(folder).set_aside.values():
        print(f"not taken by the catalog: {line}")
    if code == 0:
        print("the catalog has all that was measured")
    raise typer.Exit(code)


def catalog_of(session: SessionConfig, stack: contextlib.ExitStack) -> tuple[str, str]:
    """Address and key of the session's catalog, served by us if by nobody else."""
    from stemline.tiled_config.server import CatalogServer, served_uri
    from stemline.tiled_config.server.keys import make_keys

    if session.catalog.uri is not None:
        return session.catalog.uri, session.catalog.key()
    config = session.catalog_server()
    if uri := served_uri(config):
        return uri, make_keys(config.folder).acquisition
    server = stack.enter_context(CatalogServer(config))
    return server.uri, server.api_key
