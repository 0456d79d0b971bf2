from __future__ import annotations

import fcntl
import json
import time
from pathlib import Path

import pytest

from stemline.cli.status import status
from stemline.tiled_config.forwarder.journal_status import journal_status
from stemline.tiled_config.forwarder.status import ForwarderStatus, only_forwarder
from stemline.tiled_config.journal.file import encode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "journal"
    (folder / "forwarded").mkdir(parents=True)
    line = encode("start", {"uid": "u", "time": time.time() - 60.0})
    for name in ("ended", "measured", "forwarded/old"):
        (folder / f"{name}.jsonl").write_bytes(line)
    return folder


def test_nothing_was_measured_yet(tmp_path: Path) -> None:
    found = journal_status(tmp_path / "nowhere")
    assert (found.pending, found.behind, found.error) == (0, 0, None)


def test_without_a_forwarder_it_counts_itself(folder: Path) -> None:
    with (folder / "measured.jsonl").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = journal_status(folder)
    assert (found.pending, found.measured, found.forwarded) == (1, 1, 1)
    assert found.behind == 2
    assert found.seconds_behind == pytest.approx(60.0, abs=5.0)
    assert found.forwarder is None
    text = "\n".join(found.lines())
    assert "at most 2 documents" in text
    assert "not running" in text
    assert "`stemline forward`" in text


def test_a_forwarder_knows_better(folder: Path) -> None:
    ForwarderStatus(
        7, time.time(), "http://catalog", 1, time.time() - 3.0, None, {"bad": "run bad: no"}
    ).write(folder)
    with only_forwarder(folder):
        found = journal_status(folder)
    assert (found.behind, found.forwarder, found.catalog) == (1, 7, "http://catalog")
    assert found.seconds_behind == pytest.approx(3.0, abs=2.0)
    text = "\n".join(found.lines())
    assert "running, process 7" in text
    assert "set aside  run bad: no" in text


def test_for_people_and_for_programs(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "session.yml"
    config.write_text(f"data: {tmp_path / 'data'}\n")
    status(config)
    assert "2 pending, 0 being measured, 1 forwarded" in capsys.readouterr().out
    status(config, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["pending"], found["forwarder"]) == (2, None)
