"""`stemline queue`: plans are submitted from anywhere on this computer, and run one after the other."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

STARTUP = Path(__file__).resolve().parents[3] / "profile_collection" / "startup"
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: a free one.")]


def queue(
    config: Annotated[
        Path | None, typer.Argument(help="Session YAML; without it, the built-in simulation.")
    ] = None,
    control_port: Port = 0,
    info_port: Port = 0,
    http_port: Port = 0,
    agent_port: Port = 0,
    redis: Annotated[
        str | None, typer.Option(help="host:port of a Redis to use instead of an own one.")
    ] = None,
    startup: Annotated[Path, typer.Option(help="Folder of the startup files.")] = STARTUP,
) -> None:
    """Serve a queue of plans with this session until Ctrl-C; the queue outlives it."""
    from stemline.config import load

    session = load(config)
    if not (startup / "user_group_permissions.yaml").is_file():
        raise FileNotFoundError(
            f"{startup}: no startup files there: run it from a checkout, or give --startup"
        )
    from stemline.queue.addresses import Addresses
    from stemline.queue.queue_server import QueueServer

    ports = Addresses(control=control_port, info=info_port, http=http_port, agent=agent_port)
    print("starting the queue server", flush=True)
    with QueueServer(
        session, config, startup, ports, redis, say=lambda line: print(line, flush=True)
    ) as server:
        where = server.addresses
        print(f"HTTP     {where.http_url}  (key in {server.folder / 'api_key'})")
        print(f"agents   {where.agent_url}  (key in {server.folder / 'agent' / 'api_key'})")
        print(f"qserver  export QSERVER_ZMQ_CONTROL_ADDRESS={where.control_url}")
        print(f"         export QSERVER_ZMQ_INFO_ADDRESS={where.info_url}")
        print("opening the environment", flush=True)
        server.open_environment()
        server.supervise(threading.Event())
