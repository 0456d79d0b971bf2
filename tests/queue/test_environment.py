from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stemline.queue import environment as module
from stemline.queue.environment import Environment
from stemline.queue.service import ServiceError

PLAN = {"name": "survey", "args": [], "kwargs": {"shape": [8, 8]}, "user": "me", "item_uid": "1"}


@dataclass
class FakeManager:
    """As the RE manager behaves: a destroyed environment gives its plan back to the front of the queue."""

    exists: bool = True
    opens: bool = True
    running: dict[str, Any] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def status(self, reload=False):
        return {"worker_environment_exists": self.exists, "manager_state": "idle"}

    def queue_get(self, reload=False):
        return {"running_item": self.running, "items": self.items}

    def queue_autostart(self, enable):
        self.calls.append(f"autostart {enable}")

    def environment_destroy(self):
        self.exists = False
        if self.running:
            self.items = [{**self.running, "item_uid": "2"}, *self.items]
            self.running = {}

    def environment_open(self):
        self.calls.append("open")
        self.exists = self.opens

    def item_remove(self, uid):
        self.items = [item for item in self.items if item["item_uid"] != uid]

    def wait_for_idle(self, timeout):
        pass

    def wait_for_condition(self, condition, timeout):
        assert condition(self.status())


LOG = Path("manager.log")


def test_the_plan_of_a_dead_worker_is_not_run_again():
    waiting = {**PLAN, "item_uid": "3", "kwargs": {}}
    manager = FakeManager(running=PLAN, items=[waiting])
    Environment(manager, LOG).destroy()
    assert manager.items == [waiting]
    assert manager.calls == ["autostart False"], "else the queue would go on when the environment opens"


def test_an_equal_plan_that_was_waiting_stays():
    waiting = {**PLAN, "item_uid": "3"}
    manager = FakeManager(running=PLAN, items=[waiting])
    Environment(manager, LOG).destroy()
    assert manager.items == [waiting]


def test_nothing_is_taken_out_when_nothing_ran():
    manager = FakeManager(items=[PLAN])
    Environment(manager, LOG).destroy()
    assert manager.items == [PLAN]


def test_an_environment_that_does_not_open_is_tried_again_then_told_why(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "BETWEEN_TRIES", 0.0)
    manager = FakeManager(exists=False, opens=False)
    log = tmp_path / "manager.log"
    log.write_text("Traceback ...\nError while executing script '00-session.py': no IOC answers\n\nNext\n")
    with pytest.raises(ServiceError, match="does not open: .*00-session.py': no IOC answers .more in"):
        Environment(manager, log).open(tries=3)
    assert manager.calls.count("open") == 3
    assert manager.calls[0] == "autostart False"
