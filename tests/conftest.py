"""The Nion server, in Nion's own environment, for the tests that need it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NION_PYTHON = Path(__file__).parents[1] / ".venv-nion" / "bin" / "python"


class NionServer:
    """The server as a process; `address` is where it listens, once it is ready."""

    def __init__(self, folder: Path, sample: str = "twin", port: int = 0, *more: str) -> None:
        self.token_file = folder / "token"
        self.data = folder / "nion-data"
        arguments = ["--sample", sample, "--port", str(port), "--token-file", str(self.token_file)]
        self._process = subprocess.Popen(
            [str(NION_PYTHON), "-m", "stemline.devices.instruments.nion_server", *arguments]
            + ["--data", str(self.data), *more],
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        assert self._process.stdout is not None
        timer = threading.Timer(60, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        assert line.startswith("Nion server on "), line
        self.address = line.split()[3].rstrip(",")

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def pid(self) -> int:
        return self._process.pid

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def terminate(self) -> int:
        self._process.terminate()
        return self._process.wait(20)

    def close(self) -> None:
        self.thaw()
        if self._process.poll() is None:
            self.terminate()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def start_nion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., NionServer]]:
    """Start a Nion server; all are ended with the session."""
    if not NION_PYTHON.exists():
        pytest.skip("Nion's environment is not here: make nion-env")
    servers: list[NionServer] = []

    def start(sample: str = "twin", folder: Path | None = None, port: int = 0, *more: str) -> NionServer:
        servers.append(NionServer(folder or tmp_path_factory.mktemp("nion"), sample, port, *more))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def nion_server(start_nion: Callable[..., NionServer]) -> NionServer:
    """One for all tests that leave it as they found it."""
    return start_nion()
