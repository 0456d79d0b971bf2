from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from stemline.tiled_config.writer import CatalogWriter


class HangingRuns:
    """A Tiled client whose server does not answer until it is let go, and then refuses."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def include_data_sources(self) -> Self:
        self.asked.set()
        self.go_on.wait(5)
        raise ConnectionError("refused")


@pytest.fixture
def runs() -> Iterator[HangingRuns]:
    runs = HangingRuns()
    yield runs
    runs.go_on.set()


def documents(uid: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("start", {"uid": uid}),
        ("descriptor", {"uid": f"{uid}-d", "run_start": uid, "data_keys": {}}),
        ("event", {"descriptor": f"{uid}-d", "data": {}}),
        ("resource", {"uid": f"{uid}-r", "run_start": uid}),
        ("datum", {"resource": f"{uid}-r", "datum_id": "1"}),
        ("stream_resource", {"uid": f"{uid}-s", "run_start": uid}),
        ("stream_datum", {"descriptor": f"{uid}-d", "stream_resource": f"{uid}-s"}),
        ("stop", {"run_start": uid}),
    ]


def test_hanging_catalog_makes_nobody_wait(runs: HangingRuns, tmp_path: Path) -> None:
    writer = CatalogWriter(runs, tmp_path)  # type: ignore[arg-type]
    # Two runs, mixed as nested runs are.
    for first, second in zip(documents("a"), documents("b"), strict=True):
        writer(*first)
        writer(*second)
    assert runs.asked.wait(5)
    report = writer.flush(0.05)
    assert report is not None
    for uid in "ab":
        assert f"run {uid} is not complete" in report
        lines = (tmp_path / f"{uid}.jsonl").read_text().splitlines()
        assert [json.loads(line)["name"] for line in lines] == [name for name, _ in documents(uid)]
    runs.go_on.set()
    assert writer.close() is None
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 8


def test_document_of_an_unknown_run_is_passed_over(runs: HangingRuns, tmp_path: Path) -> None:
    with CatalogWriter(runs, tmp_path) as writer:  # type: ignore[arg-type]
        writer("stop", {"run_start": "never seen"})
        assert writer.flush(0) is None
    assert list(tmp_path.iterdir()) == []
