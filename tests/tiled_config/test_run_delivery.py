from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from stemline.tiled_config.run_delivery import RunDelivery

DOCUMENTS: list[tuple[str, dict[str, Any]]] = [
    ("start", {"uid": "u"}),
    ("descriptor", {"uid": "d", "run_start": "u", "data_keys": {"x": {"dtype": "number"}}}),
    ("event", {"descriptor": "d", "data": {"x": np.float64(1.0), "map": np.eye(2)}}),
    ("stop", {"run_start": "u"}),
]


class Catalog:
    """Takes documents until one of the kind that it fails at."""

    def __init__(self, fails_at: str = "") -> None:
        self.fails_at, self.taken = fails_at, list[str]()

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        self.taken.append(name)
        if name == self.fails_at:
            raise ConnectionError("gone\nfor good")

    def write_waiting(self) -> None:
        self.taken.append("write")


def deliver(catalog: Catalog, folder: Path) -> RunDelivery:
    delivery = RunDelivery("u", lambda: catalog, folder)
    for name, doc in DOCUMENTS:
        delivery.add(name, doc)
        delivery.deliver()
    return delivery


def saved(delivery: RunDelivery) -> list[str]:
    return [json.loads(line)["name"] for line in delivery.backup_file.read_text().splitlines()]


def test_all_well(tmp_path: Path) -> None:
    catalog = Catalog()
    delivery = deliver(catalog, tmp_path / "backup")
    assert [name for name in catalog.taken if name != "write"] == ["start", "descriptor", "event", "stop"]
    assert catalog.taken[-1] == "write"
    assert delivery.wait(0)
    assert delivery.ended
    assert delivery.report() is None
    assert not (tmp_path / "backup").exists()


def test_what_is_waiting_is_one_batch(tmp_path: Path) -> None:
    catalog = Catalog()
    delivery = RunDelivery("u", lambda: catalog, tmp_path)
    for name, doc in DOCUMENTS:
        delivery.add(name, doc)
    for _ in DOCUMENTS:
        delivery.deliver()
    assert catalog.taken == ["start", "descriptor", "event", "stop", "write"]
    assert delivery.wait(0)


def test_failed_run_is_whole_in_the_file_and_open_in_the_catalog(tmp_path: Path) -> None:
    catalog = Catalog(fails_at="event")
    delivery = deliver(catalog, tmp_path / "backup")
    assert catalog.taken == ["start", "write", "descriptor", "write", "event"]
    assert saved(delivery) == ["start", "descriptor", "event", "stop"]
    event = json.loads(delivery.backup_file.read_text().splitlines()[2])
    assert event["doc"]["data"] == {"x": 1.0, "map": [[1.0, 0.0], [0.0, 1.0]]}
    report = delivery.report()
    assert report is not None
    assert "gone" in report
    assert "\n" not in report


def test_abandoned_while_the_catalog_hangs(tmp_path: Path) -> None:
    delivery = RunDelivery("u", Catalog, tmp_path)
    delivery.add(*DOCUMENTS[0])
    assert not delivery.wait(0.01)
    delivery.abandon("no answer")
    assert delivery.wait(0)
    assert saved(delivery) == ["start"]
    delivery.add(*DOCUMENTS[3])
    delivery.deliver()
    assert saved(delivery) == ["start", "stop"]


def test_a_catalog_that_cant_even_be_opened(tmp_path: Path) -> None:
    def refuse() -> Catalog:
        raise ConnectionError("nobody there")

    delivery = RunDelivery("u", refuse, tmp_path)
    delivery.add(*DOCUMENTS[0])
    delivery.deliver()
    assert saved(delivery) == ["start"]


def test_says_so_when_the_file_fails_too(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    delivery = deliver(Catalog(fails_at="start"), tmp_path / "taken")
    report = delivery.report()
    assert report is not None
    assert "documents are lost" in report
    assert "can't be written (File exists)" in report
