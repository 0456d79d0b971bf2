"""The process of the embedded catalog: `python -m stemline.tiled_config.server_process`.

It reads one line of settings from stdin (so the API key is in no argument list and no environment), answers
one line on stdout, ``{"port": ...}`` when it serves or ``{"error": ...}``, and lives as long as its stdin is
open: when its parent ends, however it ends, so does the server.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .database import make_database
from .error import CatalogError

if TYPE_CHECKING:
    import uvicorn

CONFIG_FILE = Path(__file__).with_name("config.yml")
LOCK_FILE = "catalog.lock"
DATABASE = Path("catalog.db")
# A client with an open websocket must not keep the server from ending.
SHUTDOWN_TIMEOUT = 3  # [s]


def answer(message: dict[str, Any]) -> None:
    """Tell the parent, once; what is printed later goes to the log."""
    print(json.dumps(message), flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def lock(folder: Path) -> IO[str]:
    """Take the folder for this process: two servers would corrupt each other's tables."""
    file = (folder / LOCK_FILE).open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise CatalogError(
            f"catalog folder {folder} is already served ({file.read().strip()}): use that server or stop it"
        ) from None
    return file


def listen(host: str, port: int) -> socket.socket:
    """Bind before Tiled is imported: a port in use is known at once, and a free one is chosen for good."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise CatalogError(
            f"catalog can't listen on {host} port {port} ({error.strerror}): "
            "choose another port, or 0 for a free one"
        ) from error
    return listener


def build(settings: dict[str, Any]) -> uvicorn.Server:
    """Tiled's application, from `config.yml` and what the parent sent."""
    finish_database = make_database(DATABASE)
    import uvicorn
    from tiled.config import Config
    from tiled.server.app import build_app_from_config
    from tiled.utils import parse

    finish_database()
    config = parse(CONFIG_FILE)
    config["authentication"]["single_user_api_key"] = settings["api_key"]
    config["trees"][0]["args"]["readable_storage"] = settings["readable"]
    config["trees"][0]["args"]["init_if_not_exists"] = False
    app = build_app_from_config(Config.model_validate(config))
    return uvicorn.Server(
        # No access log: the web UI and websockets carry the key in their addresses.
        uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_TIMEOUT, loop="asyncio"
        )
    )


class EndsWithParent(threading.Thread):
    """Ends this process when stdin closes: at once while it starts, in good order when it serves."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.server: uvicorn.Server | None = None

    def run(self) -> None:
        """Wait for the end of stdin."""
        sys.stdin.read()
        if self.server is not None:
            self.server.should_exit = True
            time.sleep(2 * SHUTDOWN_TIMEOUT)
        os._exit(1)


async def serve(server: uvicorn.Server, listener: socket.socket, lock_file: IO[str]) -> None:
    """Serve until asked to end; tell the parent when requests are answered."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        host, port = listener.getsockname()[:2]
        lock_file.truncate(0)
        lock_file.write(f"process {os.getpid()}, port {port}\n")
        lock_file.flush()
        answer({"port": port})
    await serving


def main() -> int:
    """Serve a catalog as told on stdin."""
    # Warnings only: at INFO the server would write addresses that hold the key.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = json.loads(sys.stdin.readline())
    folder = Path(settings["folder"])
    watch = EndsWithParent()
    watch.start()
    try:
        lock_file = lock(folder)
        listener = listen(settings["host"], settings["port"])
        os.chdir(folder)
        watch.server = server = build(settings)
    except CatalogError as error:
        answer({"error": str(error)})
        return 1
    asyncio.run(serve(server, listener, lock_file))
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
