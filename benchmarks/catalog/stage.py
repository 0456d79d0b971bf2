"""The processes of a benchmark: a catalog, a scan, a subscriber; all one-threaded, on loopback."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from stemline.tiled_config.config import CatalogConfig

THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")}
PACKAGES = ("bluesky", "bluesky-tiled-plugins", "tiled", "ophyd", "event-model")


def fixed_port(folder: Path) -> CatalogConfig:
    """Configure a catalog whose port stays the same when it is started again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return CatalogConfig(folder=folder, port=probe.getsockname()[1])


@contextmanager
def process(module: str, told: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """Run a module of this folder; it is killed if it has not ended."""
    with subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.catalog.{module}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | THREADS,
    ) as running:
        assert running.stdin is not None
        running.stdin.write(json.dumps(told) + "\n")
        running.stdin.flush()
        try:
            yield running
        finally:
            running.kill()


def answer(running: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the next line that a process prints; what others print into it is passed over."""
    pipe: IO[str] | None = running.stdout
    assert pipe is not None
    for line in pipe:
        if line.startswith("{"):
            said: dict[str, Any] = json.loads(line)
            return said
    raise RuntimeError(f"{running.args} ended without an answer")


def setting() -> dict[str, Any]:
    """Say where and with what this was measured."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
    }
