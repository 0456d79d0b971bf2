"""A server process that `stemline queue` starts, watches and ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

START_TIMEOUT = 60.0  # [s]; a busy machine needs ten times what importing takes on an idle one
STOP_TIMEOUT = 10.0  # [s]
SHORTEST_LIFE = 10.0  # [s]; what ends sooner would end again


class ServiceError(RuntimeError):
    """A server does not start, or does not stay; the message says which and where to look."""


class Service:
    """A module of this package as a process that listens on a loopback port.

    Parameters
    ----------
    name
        For messages.
    module
        Its ``main`` reads one JSON line of settings from stdin: nothing of it is in an argument list.
    settings
        What it is told, besides the process id of its parent.
    port
        Where it will listen on 127.0.0.1.
    log
        Where its output goes.
    """

    def __init__(self, name: str, module: str, settings: Mapping[str, Any], port: int, log: Path) -> None:
        self.name = name
        self.port = port
        self.log = log
        self._module = module
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it and wait until it listens.

        Raises
        ------
        ServiceError
            If it ends, or does not listen in time.
        """
        with self.log.open("ab") as log:
            self._process = process = subprocess.Popen(
                [sys.executable, "-P", "-m", f"stemline.queue.{self._module}"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Ctrl-C in a terminal reaches `stemline queue` alone, which ends things in order.
                start_new_session=True,
            )
        self._started = time.monotonic()
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(
                json.dumps({**self._settings, "parent": os.getpid(), "port": self.port}).encode() + b"\n"
            )
        while not _listens(self.port):
            if process.poll() is not None:
                raise ServiceError(f"{self.name} ended (exit code {process.returncode}): see {self.log}")
            if time.monotonic() - self._started > START_TIMEOUT:
                self.stop()
                raise ServiceError(f"{self.name} did not answer within {START_TIMEOUT:g} s: see {self.log}")
            time.sleep(0.05)

    def restart(self) -> None:
        """Start it again after it ended.

        Raises
        ------
        ServiceError
            If it lived too short to hope for better.
        """
        if time.monotonic() - self._started < SHORTEST_LIFE:
            raise ServiceError(f"{self.name} ended as soon as it had started: see {self.log}")
        self.start()

    def stop(self) -> None:
        """Ask it to end, then make it; harmless when it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_free(port: int, what: str) -> None:
    """Refuse a port that somebody listens on.

    Raises
    ------
    ServiceError
        With the port and what it was for.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServiceError(
                f"port {port} for {what} can't be used ({error.strerror}): give another, or 0 for a free one"
            ) from error


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
