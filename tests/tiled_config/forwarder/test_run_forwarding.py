from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.forwarder import run_forwarding as module
from stemline.tiled_config.forwarder.high_water_mark import Differs
from stemline.tiled_config.forwarder.run_forwarding import RunForwarding
from stemline.tiled_config.journal.file import encode

LINES = [encode(name, {"uid": name}) for name in ("start", "descriptor", "event", "stop")]


class Writer:
    """Takes documents until told to fail."""

    made: list[Writer]
    fails_at: dict[int, tuple[str, Exception]]

    def __init__(self, runs: Any, retaken: Any) -> None:
        self.taken: list[str] = []
        self.fails = self.fails_at.get(len(self.made), ("", Exception()))
        self.retaken = retaken
        self.made.append(self)

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        self.taken.append(name)
        if name == self.fails[0]:
            raise self.fails[1]

    def write_waiting(self) -> None:
        self.taken.append("write")


class Runs:
    def __init__(self) -> None:
        self.deleted: list[str] = []

    def delete_contents(self, uid: str, recursive: bool, external_only: bool) -> None:
        assert recursive
        assert not external_only
        self.deleted.append(uid)


@pytest.fixture(autouse=True)
def _writer(monkeypatch: pytest.MonkeyPatch) -> None:
    Writer.made, Writer.fails_at = [], {}
    monkeypatch.setattr(module, "RunWriter", Writer)


def journal(folder: Path, count: int) -> Path:
    path = folder / "u.jsonl"
    path.write_bytes(b"".join(LINES[:count]))
    return path


def test_followed_to_its_end(tmp_path: Path) -> None:
    run, runs = RunForwarding(journal(tmp_path, 2)), Runs()
    assert run.forward(runs)  # type: ignore[arg-type]
    assert not run.forward(runs)  # type: ignore[arg-type]
    assert (run.forwarded, run.done) == (2, False)
    journal(tmp_path, 4)
    assert run.forward(runs)  # type: ignore[arg-type]
    (writer,) = Writer.made
    assert writer.taken == ["start", "descriptor", "write", "event", "stop", "write"]
    assert run.done
    assert [path.name for path in (tmp_path / "forwarded").iterdir()] == ["u.jsonl"]


def test_after_a_failure_from_the_first_line_with_a_new_writer(tmp_path: Path) -> None:
    Writer.fails_at = {0: ("event", ConnectionError("gone"))}
    run = RunForwarding(journal(tmp_path, 2))
    run.forward(Runs())  # type: ignore[arg-type]
    journal(tmp_path, 4)
    with pytest.raises(ConnectionError):
        run.forward(Runs())  # type: ignore[arg-type]
    assert (run.forwarded, run.offset) == (2, len(LINES[0] + LINES[1]))
    run.forward(Runs())  # type: ignore[arg-type]
    assert Writer.made[1].taken == ["start", "descriptor", "event", "stop", "write"]
    assert Writer.made[0].retaken is Writer.made[1].retaken
    assert run.forwarded == 4


def test_a_run_that_differs_is_written_afresh_but_not_for_ever(tmp_path: Path) -> None:
    Writer.fails_at = {number: ("stop", Differs("3 rows for 2 events")) for number in range(9)}
    run, runs = RunForwarding(journal(tmp_path, 4)), Runs()
    for _ in range(3):
        assert run.forward(runs)  # type: ignore[arg-type]
    with pytest.raises(CatalogError, match="however often"):
        run.forward(runs)  # type: ignore[arg-type]
    assert runs.deleted == ["u"] * 3
    assert not run.done


def test_a_batch_is_no_larger_than_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", len(LINES[0]) + 1)
    run = RunForwarding(journal(tmp_path, 4))
    while not run.done:
        assert run.forward(Runs())  # type: ignore[arg-type]
    (writer,) = Writer.made
    assert writer.taken == ["start", "descriptor", "write", "event", "stop", "write"]
