"""Which failure makes everything wait, which only its run, and which is the end of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.forwarder import forwarder as module
from stemline.tiled_config.forwarder.forwarder import Forwarder, Wait
from stemline.tiled_config.forwarder.status import last_status
from stemline.tiled_config.journal.file import encode

REQUEST = httpx.Request("GET", "http://catalog")


def refusal(code: int) -> Exception:
    return httpx.HTTPStatusError("no", request=REQUEST, response=httpx.Response(code, request=REQUEST))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1e9 + self.now


class Run:
    """As RunForwarding, with failures that the test names by uid."""

    failures: dict[str, list[Exception]]
    asked: list[str]

    def __init__(self, path: Path) -> None:
        self.path, self.forwarded, self.offset, self.done = path, 0, 0, False

    def forward(self, runs: Any) -> bool:
        self.asked.append(self.path.stem)
        if self.failures.get(self.path.stem):
            raise self.failures[self.path.stem].pop(0)
        self.path.unlink()
        self.forwarded, self.offset, self.done = 1, 1, True
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(module, "RunForwarding", Run)
    Run.failures, Run.asked = {}, []
    return clock


def journal(folder: Path, *uids: str) -> None:
    for uid in uids:
        (folder / f"{uid}.jsonl").write_bytes(encode("start", {"uid": uid, "time": 7.0}))


def test_all_journals_are_forwarded(clock: Clock, tmp_path: Path) -> None:
    journal(tmp_path, "a", "b")
    forwarder = Forwarder(tmp_path, lambda: object(), "http://catalog")  # type: ignore[arg-type, return-value]
    assert forwarder.forward()
    assert sorted(Run.asked) == ["a", "b"]
    assert not forwarder.forward()
    assert (forwarder.status().behind, forwarder.status().error) == (0, None)


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("refused"), httpx.ReadError("reset"), refusal(401), refusal(503)]
)
def test_while_the_catalog_is_away_nothing_is_tried(failure: Exception, clock: Clock, tmp_path: Path) -> None:
    journal(tmp_path, "a", "b")
    Run.failures = {"a": [failure, failure], "b": [failure, failure]}
    forwarder = Forwarder(tmp_path, lambda: object(), "http://catalog")  # type: ignore[arg-type, return-value]
    assert not forwarder.forward()
    assert not forwarder.forward()
    assert len(Run.asked) == 1
    status = forwarder.status()
    assert (status.behind, status.oldest) == (2, 7.0)
    assert "no catalog at http://catalog" in str(status.error)
    clock.now += 0.1
    forwarder.forward()
    clock.now += 0.1
    forwarder.forward()
    assert len(Run.asked) == 2
    for _ in range(4):
        clock.now += 2.0
        forwarder.forward()
    assert not list(tmp_path.glob("*.jsonl"))
    assert forwarder.status().error is None


def test_a_catalog_that_was_never_there_is_waited_for(clock: Clock, tmp_path: Path) -> None:
    journal(tmp_path, "a")
    answers: list[Any] = [CatalogError("no catalog answers"), object()]

    def connect() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    forwarder = Forwarder(tmp_path, connect, "http://catalog")
    assert not forwarder.forward()
    assert "no catalog answers" in str(forwarder.status().error)
    clock.now += 1.0
    assert forwarder.forward()


@pytest.mark.parametrize("failure", [refusal(403), refusal(404), KeyError("gone"), ValueError("shape")])
def test_a_run_that_is_refused_again_and_again_is_set_aside(
    failure: Exception, clock: Clock, tmp_path: Path
) -> None:
    journal(tmp_path, "bad", "good")
    Run.failures = {"bad": [failure] * 10}
    forwarder = Forwarder(tmp_path, lambda: object(), "http://catalog")  # type: ignore[arg-type, return-value]
    for _ in range(8):
        clock.now += 60.0
        forwarder.forward()
    assert Run.asked.count("bad") == 3
    assert not (tmp_path / "good.jsonl").exists()
    status = forwarder.status()
    assert list(status.set_aside) == ["bad"]
    assert status.error == status.set_aside["bad"]
    assert "\n" not in status.set_aside["bad"]


def test_what_a_person_has_to_look_at_is_set_aside_at_once(clock: Clock, tmp_path: Path) -> None:
    journal(tmp_path, "bad")
    Run.failures = {"bad": [CatalogError("compare them by hand")]}
    forwarder = Forwarder(tmp_path, lambda: object(), "http://catalog")  # type: ignore[arg-type, return-value]
    forwarder.forward()
    assert "compare them by hand" in forwarder.status().set_aside["bad"]


def test_a_server_that_fails_at_one_run_takes_the_others_meanwhile(clock: Clock, tmp_path: Path) -> None:
    journal(tmp_path, "bad", "good")
    Run.failures = {"bad": [refusal(500)] * 20}
    forwarder = Forwarder(tmp_path, lambda: object(), "http://catalog")  # type: ignore[arg-type, return-value]
    for _ in range(40):
        clock.now += 30.0
        forwarder.forward()
    assert not list(tmp_path.glob("*.jsonl"))
    assert Run.asked.count("bad") == 21


def test_waits_grow_up_to_a_limit(clock: Clock) -> None:
    wait = Wait(2.0)
    lengths = []
    for _ in range(7):
        wait.failed()
        lengths.append(wait.length)
        assert not wait.over()
    assert lengths == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    clock.now += 2.0
    assert wait.over()


def test_once_ends_when_nothing_is_waiting_and_says_so(clock: Clock, tmp_path: Path) -> None:
    journal(tmp_path, "a", "b")
    Run.failures = {"b": [CatalogError("no")]}
    forwarder = Forwarder(tmp_path, lambda: object(), "http://catalog")  # type: ignore[arg-type, return-value]
    ended = threading.Event()
    forwarder.run(ended, once=True)
    ended.set()
    said = last_status(tmp_path)
    assert said is not None
    assert (said.behind, list(said.set_aside)) == (1, ["b"])
