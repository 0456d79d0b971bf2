"""An IOC in a process of its own, to be frozen and killed, and a microscope that is connected to it."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bluesky import RunEngine

from stemline.devices.channel_access import use_channel_access
from stemline.devices.frame_file import DataRoots
from stemline.devices.microscope import Microscope, connect

PREFIXES = (f"S{number}:" for number in itertools.count(1))  # Channel Access knows servers by their names


@dataclass
class IOCProcess:
    """A running IOC."""

    process: subprocess.Popen[str]
    prefix: str
    port: int
    write_root: Path

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> None:
        self.thaw()
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def start_ioc(tmp_path: Path) -> Iterator[Callable[..., IOCProcess]]:
    """Start IOCs of the simulated microscope; keywords are those of its driver."""
    started: list[IOCProcess] = []

    def start(**driver: Any) -> IOCProcess:
        prefix, write_root = next(PREFIXES), tmp_path / "ioc data"
        config = {
            "prefix": prefix,
            "write_root": str(write_root),
            "instrument": {"drivers": [{"driver": "simulated", **driver}]},
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "stemline.devices.ioc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        process.stdin.write(json.dumps(config) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert "port" in answer, answer
        started.append(IOCProcess(process, prefix, answer["port"], write_root))
        return started[-1]

    yield start
    for ioc in started:
        ioc.end()


@dataclass
class Bench:
    """A microscope, a RunEngine, and what it has emitted."""

    microscope: Microscope
    engine: RunEngine
    documents: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def of(self, name: str) -> list[dict[str, Any]]:
        return [doc for kind, doc in self.documents if kind == name]

    def run(self, plan: Any) -> Exception | None:
        """Run a plan; returns what it raised."""
        self.documents.clear()
        try:
            self.engine(plan)
        except Exception as error:
            return error
        return None


@pytest.fixture
def make_bench() -> Callable[[Microscope], Bench]:
    """Give a microscope a RunEngine."""

    def make(microscope: Microscope) -> Bench:
        one = Bench(microscope, RunEngine({}))
        one.engine.subscribe(lambda name, doc: one.documents.append((name, doc)))
        return one

    return make


@pytest.fixture
def bench(make_bench: Callable[[Microscope], Bench]) -> Callable[[IOCProcess], Bench]:
    """Connect to an IOC."""

    def make(ioc: IOCProcess) -> Bench:
        use_channel_access([f"127.0.0.1:{ioc.port}"])
        return make_bench(connect(ioc.prefix, DataRoots(ioc.write_root, ioc.write_root)))

    return make
