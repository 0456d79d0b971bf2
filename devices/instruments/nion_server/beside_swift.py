"""The server in Swift's own process, beside its windows."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from .daemon import listen, read_or_make_token
from .hardware import Names, find
from .service import Service


def serve_beside_swift(
    token_file: Path,
    folder: Path,
    scan: str = Names.scan,
    eels: str = Names.eels,
    ronchigram: str = Names.ronchigram,
    host: str = "127.0.0.1",
    port: int = 9380,
    certificate: Path | None = None,
    key: Path | None = None,
) -> Any:
    """Serve the instrument that this process has loaded; returns the daemon, whose `shutdown` ends it.

    Parameters
    ----------
    token_file
        Written if it is not there.
    folder
        For spectrum images and 4D-STEM data.
    scan, eels, ronchigram
        Identifiers of Nion's hardware sources.
    host, port, certificate, key
        Where to listen, and how.

    Raises
    ------
    NionError
        If a part is not there, or the address can't be had.
    """
    service = Service(find(Names(scan, eels, ronchigram)), folder)
    daemon = listen(service, read_or_make_token(token_file), host, port, certificate, key)
    threading.Thread(target=daemon.requestLoop, name="pyro", daemon=True).start()
    return daemon
