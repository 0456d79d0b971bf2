import fcntl
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stemline.queue.supervisor import Supervisor
from stemline.queue.worker_lock import lock_file


@dataclass
class Run:
    line: str


@dataclass
class FakeEnvironment:
    """Stands in for the manager, which believes whatever it was told last."""

    state: str = "executing_queue"
    exists: bool = True
    calls: list[str] = field(default_factory=list)

    def status(self):
        return {"manager_state": self.state, "worker_environment_exists": self.exists}

    def destroy(self):
        self.calls.append("destroy")

    def open(self, tries=1):
        self.calls.append("open")


@pytest.fixture
def worker(tmp_path: Path):
    """A living worker: whoever holds the lock."""
    path = lock_file(tmp_path)
    path.parent.mkdir()
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def watch(tmp_path, environment, recovered=()):
    said: list[str] = []
    return Supervisor(tmp_path, environment, lambda: [Run(line) for line in recovered], said.append), said


def test_a_living_worker_is_left_alone(tmp_path, worker):
    environment = FakeEnvironment()
    supervisor, said = watch(tmp_path, environment)
    supervisor.look()
    supervisor.look()
    assert environment.calls == []
    assert said == []


def test_a_dead_worker_is_cleared_its_run_closed_and_the_environment_opened_again(tmp_path, worker):
    environment = FakeEnvironment()
    supervisor, said = watch(tmp_path, environment, recovered=["run abc closed as failed"])
    supervisor.look()
    worker.close()
    supervisor.look()
    assert environment.calls == ["destroy", "open"]
    assert said[0].startswith("the RE worker died")
    assert said[1] == "run abc closed as failed"
    supervisor.look()
    assert environment.calls == ["destroy", "open"], "once is enough"


def test_an_environment_that_was_closed_on_request_stays_closed(tmp_path, worker):
    environment = FakeEnvironment(state="idle", exists=False)
    supervisor, said = watch(tmp_path, environment)
    supervisor.look()
    worker.close()
    supervisor.look()
    assert environment.calls == []
    assert said == []


@pytest.mark.parametrize("state", ["closing_environment", "destroying_environment"])
def test_a_worker_that_is_being_ended_is_not_taken_for_dead(tmp_path, worker, state):
    environment = FakeEnvironment(state=state)
    supervisor, _ = watch(tmp_path, environment)
    supervisor.look()
    worker.close()
    supervisor.look()
    environment.state, environment.exists = "idle", False
    supervisor.look()
    assert environment.calls == []


def test_a_worker_that_dies_while_the_environment_opens_is_noticed(tmp_path, worker):
    environment = FakeEnvironment(state="creating_environment", exists=False)
    supervisor, _ = watch(tmp_path, environment)
    supervisor.look()
    worker.close()
    supervisor.look()
    assert environment.calls == ["destroy", "open"]
