"""A `stemline queue` in a process of its own, and a client of it."""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zmq
from bluesky_queueserver_api.zmq import REManagerAPI

OPENING = 180.0  # [s]; some 10 on an idle machine
STOPPING = 90.0
CONFIG = """
data: {data}
experiment:
  num_points: 4
  dwell_time: 0.002
  survey: {{shape: [32, 32], dwell_time: 1.0e-6}}
  grid: [16, 16]
"""


@dataclass
class Served:
    """A queue server that is up."""

    process: subprocess.Popen[str]
    data: Path
    manager: REManagerAPI
    addresses: dict[str, str]

    @property
    def worker(self) -> int:
        """Process id of the RE worker."""
        return int((self.data / "queue" / "worker.lock").read_text().split()[1])

    def said(self, text: str) -> str:
        """Read what it prints until a line holds `text`."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            if text in line:
                return line
            lines.append(line)
        raise AssertionError(f"it ended (exit code {self.process.wait()}) without saying {text!r}: {lines}")

    def run(self, item: Any, timeout: float = 90.0) -> dict[str, Any]:
        """Submit a plan, run it, return its entry in the history."""
        self.manager.item_add(item)
        return self.run_next(timeout)

    def run_next(self, timeout: float = 90.0) -> dict[str, Any]:
        """Run what is in the queue, which is one plan; return its entry in the history."""
        before = self.manager.status(reload=True)["items_in_history"]
        self.manager.queue_start()
        self.until(lambda now: now["manager_state"] == "idle" and now["items_in_history"] > before, timeout)
        entry: dict[str, Any] = self.manager.history_get(reload=True)["items"][-1]
        return entry

    def until(self, condition: Callable[[dict[str, Any]], bool], timeout: float = OPENING) -> None:
        """Wait for a status."""
        self.manager.wait_for_condition(condition, timeout=timeout)


def family(pid: int) -> list[int]:
    """Process ids of a process and all its descendants."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text().split()
    ]
    return [pid, *(one for child in children for one in family(child))]


def alive(pids: list[int]) -> list[int]:
    """Those that have not ended (a zombie has)."""
    living = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            continue
        if state != "Z":
            living.append(pid)
    return living


def close_contexts() -> None:
    """Close the 0MQ contexts that a closed REManagerAPI leaves behind: warnings are errors here."""
    for one in gc.get_objects():
        # Not isinstance: it asks for `__class__`, of which objects of torch warn.
        if issubclass(type(one), zmq.Context) and not one.closed:
            one.destroy(linger=0)


@contextmanager
def serve(data: Path, *, more: str = "", wait: bool = True) -> Iterator[Served]:
    """Run `stemline queue`, its configuration with `more` lines; nothing of it is left at the end."""
    data.mkdir(parents=True, exist_ok=True)
    config = data / "session.yml"
    config.write_text(CONFIG.format(data=data) + more)
    process = subprocess.Popen(
        [sys.executable, "-m", "stemline", "queue", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=data,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    served = Served(process, data, None, {})  # type: ignore[arg-type]
    try:
        served.said("opening the environment")
        served.addresses = json.loads((data / "queue" / "addresses.json").read_text())
        served.manager = REManagerAPI(
            zmq_control_addr=served.addresses["control"], zmq_info_addr=served.addresses["info"]
        )
        if wait:
            served.said("the environment is open")
        yield served
    finally:
        if served.manager is not None:
            served.manager.close()
            close_contexts()
        process.terminate()
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()  # the kernel ends the rest of its family
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One queue server for the tests of a module, in their order."""
    with serve(tmp_path_factory.mktemp("queue") / "data") as one:
        yield one
