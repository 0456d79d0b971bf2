"""A catalog that dies, hangs or refuses costs the scan nothing, and no document."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tiled.client.utils

from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.server import CatalogServer

pytestmark = pytest.mark.system


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[CatalogServer]:
    with CatalogServer(CatalogConfig(folder=tmp_path / "own")) as server:
        yield server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled.client.utils, "TILED_RETRY_TIMEOUT", 0.2)


def test_killed_in_the_middle(
    own_server: CatalogServer, make_bench: Callable[[CatalogServer], Any], plan: Any
) -> None:
    bench = make_bench(own_server)

    def kill() -> None:
        os.kill(own_server._process.pid, signal.SIGKILL)  # type: ignore[union-attr]

    (uid,) = bench.RE(plan(bench, look=kill))
    report = bench.writer.flush(20)
    assert report is not None
    assert "\n" not in report
    assert str(own_server.config.backup_folder / f"{uid}.jsonl") in report
    documents = read(own_server.config.backup_folder / f"{uid}.jsonl")
    names = [document["name"] for document in documents]
    assert (names[0], names[-1]) == ("start", "stop")
    assert names.count("event") == 1 + 12 + 13 + 1
    assert documents[-1]["doc"]["exit_status"] == "success"
    assert bench.writer.flush() is None


def test_hanging(own_server: CatalogServer, make_bench: Callable[[CatalogServer], Any], plan: Any) -> None:
    bench = make_bench(own_server)
    pid = own_server._process.pid  # type: ignore[union-attr]
    os.kill(pid, signal.SIGSTOP)
    try:
        (uid,) = bench.RE(plan(bench, num_points=3))
        report = bench.writer.flush(0.5)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert report is not None
    assert "did not take them within 0.5 s" in report
    documents = read(own_server.config.backup_folder / f"{uid}.jsonl")
    assert documents[-1]["name"] == "stop"


def read(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]
