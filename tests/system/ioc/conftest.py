"""A client of Channel Access that knows no ophyd, and an IOC as a process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from caproto.threading.client import PV, Context

from stemline.devices.ioc.config import IOCConfig

PREFIX = "EM1:"


class Client:
    """Puts and gets by name, with completion; holds the lease of the beam from its first acquisition on."""

    def __init__(self, port: int) -> None:
        os.environ["EPICS_CA_ADDR_LIST"] = f"127.0.0.1:{port}"
        os.environ["EPICS_CA_AUTO_ADDR_LIST"] = "NO"
        self._context = Context()
        self._pvs: dict[str, PV] = {}
        self._ended = threading.Event()
        self._leasing: threading.Thread | None = None

    def pv(self, name: str) -> PV:
        if name not in self._pvs:
            (self._pvs[name],) = self._context.get_pvs(PREFIX + name)
            self._pvs[name].wait_for_connection(timeout=5)
        return self._pvs[name]

    def put(self, name: str, value: Any, timeout: float = 20.0) -> bool:
        """Put and wait; says whether it succeeded."""
        self._hold(name)
        data = value if isinstance(value, str) else [value]
        return bool(self.pv(name).write(data, wait=True, timeout=timeout).status.success)

    def begin(self, name: str, value: Any) -> Callable[[float], bool]:
        """Put; what is returned waits for the end and says whether it succeeded."""
        self._hold(name)
        done, answers = threading.Event(), []

        def ended(answer: Any) -> None:
            answers.append(bool(answer.status.success))
            done.set()

        self.pv(name).write([value], notify=True, wait=False, callback=ended, timeout=None)

        def wait(timeout: float) -> bool:
            assert done.wait(timeout), f"{name} did not complete"
            return answers[0]

        return wait

    def get(self, name: str) -> Any:
        data = self.pv(name).read(timeout=10).data
        return data[0] if len(data) == 1 else data

    def text(self, name: str) -> str:
        return bytes(self.pv(name).read(timeout=10).data).rstrip(b"\0").decode("latin-1")

    def word(self, name: str) -> str:
        """Value of an enumeration, as text."""
        return (
            self.pv(name).read(data_type="control", timeout=10).metadata.enum_strings[self.get(name)].decode()
        )

    def severity(self, name: str) -> int:
        return int(self.pv(name).read(data_type="time", timeout=10).metadata.severity)

    def until(self, name: str, is_so: Callable[[Any], bool], timeout: float = 10.0) -> Any:
        """Read until a value is so."""
        deadline = time.monotonic() + timeout
        while not is_so(value := self.get(name)):
            assert time.monotonic() < deadline, f"{name} stays at {value}"
        return value

    def capture(self, detector: str, name: str) -> Path:
        """Open a file; gives its path."""
        assert self.put(f"{detector}:HDF1:FileName", name)
        assert self.put(f"{detector}:HDF1:Capture", 1), self.text(f"{detector}:HDF1:WriteMessage_RBV")
        return Path(self.text(f"{detector}:HDF1:FullFileName_RBV"))

    def close(self) -> None:
        self.end_lease()
        self._context.disconnect()

    def end_lease(self) -> None:
        """Renew no more."""
        self._ended.set()
        if self._leasing is not None:
            self._leasing.join()

    def _hold(self, name: str) -> None:
        if name.endswith("Acquire") and self._leasing is None:
            lease = self.pv("Beam:Lease")
            lease.write([1.5], wait=True, timeout=20.0)
            self._leasing = threading.Thread(target=self._renew, args=(lease,), daemon=True)
            self._leasing.start()

    def _renew(self, lease: PV) -> None:
        while not self._ended.wait(0.3):
            with contextlib.suppress(Exception):  # the IOC may be dead: the test says so
                lease.write([1.5], wait=False)


class Process:
    """`python -m stemline.devices.ioc`, which ends with its standard input."""

    def __init__(self, config: IOCConfig, before: Callable[[], None] | None = None) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "stemline.devices.ioc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        self.popen.stdin.write(config.model_dump_json() + "\n")
        self.popen.stdin.flush()
        self.answer: dict[str, Any] = json.loads(self.popen.stdout.readline())

    @property
    def children(self) -> list[int]:
        """Process ids of the processes it has started."""
        task = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children")
        return [int(pid) for pid in task.read_text().split()]

    @property
    def driver(self) -> int:
        """Process id of the driver's process."""
        (pid,) = [pid for pid in self.children if "spawn_main" in _command(pid)]
        return pid

    def end(self, number: int = signal.SIGTERM, timeout: float = 10.0) -> tuple[int, str]:
        """Send a signal; gives the exit code and what it wrote to standard error."""
        self.popen.send_signal(number)
        return self.popen.wait(timeout), self.popen.stderr.read() if self.popen.stderr else ""

    def close(self) -> None:
        self.popen.kill()
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream is not None:
                stream.close()


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def wait_until_gone(pids: list[int], timeout: float = 10.0) -> None:
    """Wait until no process is left, zombies aside."""
    deadline = time.monotonic() + timeout
    for pid in pids:
        while Path(f"/proc/{pid}/cmdline").exists() and _command(pid):
            assert time.monotonic() < deadline, f"{_command(pid)} lives on"
            time.sleep(0.01)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Client]]:
    for name in ("EPICS_CA_ADDR_LIST", "EPICS_CA_AUTO_ADDR_LIST"):
        monkeypatch.setenv(name, "")
    made: list[Client] = []

    def connect(port: int) -> Client:
        made.append(Client(port))
        return made[-1]

    yield connect
    for client in made:
        client.close()


@pytest.fixture
def processes() -> Iterator[Callable[..., Process]]:
    made: list[Process] = []

    def start(config: IOCConfig, before: Callable[[], None] | None = None) -> Process:
        made.append(Process(config, before))
        return made[-1]

    yield start
    for process in made:
        process.close()


@pytest.fixture
def gone() -> Callable[[list[int]], None]:
    return wait_until_gone
