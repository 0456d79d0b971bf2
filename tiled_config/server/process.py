"""The process of the embedded catalog: `python -m stemline.tiled_config.server.process`.

It reads one line of settings from stdin, answers one line on stdout, ``{"port": ...}`` when it serves or
``{"error": ...}``, and lives as long as its stdin is open: when its parent ends, however it ends, so does the
server. The keys are in files of the data folder: none is in an argument list, the environment or the log.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..child_server import answer, end_with_parent, settings
from ..error import CatalogError
from .catalog_lock import lock, tell_port

if TYPE_CHECKING:
    import uvicorn

CONFIG_FILE = Path(__file__).parents[1] / "config.yml"
# A client with an open websocket must not keep the server from ending.
SHUTDOWN_TIMEOUT = 3  # [s]
# On a machine that is busy the scan goes first: a catalog may be late.
NICENESS = 5


def listen(host: str, port: int) -> socket.socket:
    """Bind before Tiled is imported: a port in use is known at once, and a free one is chosen for good."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio does it only where the protocol is named; each answer would wait 40 ms for a delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise CatalogError(
            f"catalog can't listen on {host} port {port} ({error.strerror}): {_cure(error)}"
        ) from error
    return listener


def _cure(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "that is no address of this machine, 127.0.0.1 is"
    if error.errno == errno.EACCES:
        return "choose a port above 1023, or 0 for a free one"
    return "choose another port, or 0 for a free one"


def build(settings: dict[str, Any]) -> uvicorn.Server:
    """Tiled's application, from `config.yml` and what the parent sent."""
    import uvicorn
    from tiled.config import Config
    from tiled.server.app import build_app_from_config
    from tiled.utils import parse

    from ..pages.browser_pages import UI_SETTINGS
    from .event_storage import give_each_request_its_connection
    from .prepare import prepare_files

    # Here, and not by Tiled's own command: that would import everything a second time, beside this process.
    prepare_files(Path.cwd())
    config = parse(CONFIG_FILE)
    config["trees"][0]["args"]["readable_storage"] = settings["readable"]
    # Tiled takes this from the environment only.
    os.environ["TILED_UI_SETTINGS"] = str(UI_SETTINGS)
    app = build_app_from_config(Config.model_validate(config))
    give_each_request_its_connection()
    return uvicorn.Server(
        # No access log: the web UI and websockets carry the key in their addresses.
        uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_TIMEOUT, loop="asyncio"
        )
    )


async def serve(server: uvicorn.Server, listener: socket.socket, lock_file: IO[str]) -> None:
    """Serve until asked to end; tell the parent when requests are answered."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        port = listener.getsockname()[1]
        tell_port(lock_file, port)
        answer({"port": port})
        os.nice(NICENESS)
    await serving


def main() -> int:
    """Serve a catalog as told on stdin."""
    # Warnings only: at INFO the server would write addresses that hold the key.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    told = settings()
    folder = Path(told["folder"])
    server: uvicorn.Server | None = None

    def end() -> None:
        if server is None:
            os._exit(1)
        server.should_exit = True

    end_with_parent(end, 2 * SHUTDOWN_TIMEOUT)
    try:
        lock_file = lock(folder)
        listener = listen(told["host"], told["port"])
        os.chdir(folder)
        server = build(told)
    except CatalogError as error:
        answer({"error": str(error)})
        return 1
    asyncio.run(serve(server, listener, lock_file))
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
