"""The catalog by name, through databroker, in this process and in a fresh one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import databroker
import numpy as np
import pytest
from bluesky_tiled_plugins.queries import TimeRange
from tiled import profiles
from tiled.queries import Key

from stemline.tiled_config.client.broker import broker
from stemline.tiled_config.client.profile import link_profile, profile, search_profiles

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _own_paths(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(profiles, "paths", list(profiles.paths))
    yield
    profiles.load_profiles.cache_clear()


def test_old_scripts_find_a_run(served: Any) -> None:
    db = broker(served.runs)
    assert db[served.uid].start["sample"] == "gold"
    table = db[served.uid].table("primary")
    assert np.array_equal(table["scanner_x"], served.positions[:, 1])
    names = [name for name, _ in db[served.uid].documents()]
    assert names[0] == "start"
    assert names[-1] == "stop"
    assert names.count("event") == 1 + len(served.positions)
    assert [header.start["uid"] for header in db(sample="gold")] == [served.uid]
    assert [header.start["uid"] for header in db(plan_name="random")] == [served.open_uid]
    assert len(list(db(since="2001-01-01"))) == 2
    assert db[-1].start["uid"] == served.open_uid


def test_reading_through_databroker_changes_nobody_elses_layout(served: Any) -> None:
    broker(served.runs)[-1].table("primary")
    assert served.runs[served.uid]["primary/eels_spectrum"].shape == served.spectra.shape


def test_catalog_by_name(served: Any, tmp_path: Path) -> None:
    with profile(tmp_path / "profiles", served.uri, served.key, name="em1"):
        search_profiles(tmp_path / "profiles")
        runs = databroker.catalog["em1"]
        assert runs[served.uid].metadata["start"]["scan_id"] == 1
        runs.context.close()
    assert "em1" not in list(databroker.catalog)


def test_fresh_process_finds_it_by_a_link_in_its_folder_of_profiles(served: Any, tmp_path: Path) -> None:
    script = (
        "from databroker import Broker; db = Broker.named('stemline');"
        f"h = db['{served.uid}']; print(h.start['sample'], len(h.table('primary')), len(list(h.documents())))"
    )
    home = tmp_path / "home"
    with profile(tmp_path / "profiles", served.uri, served.key) as path:
        link_profile(path, home)
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "TILED_PROFILES": str(home)},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    documents = 2 + 2 * 3 + 1 + len(served.positions)
    assert done.stdout.split() == ["gold", str(len(served.positions)), str(documents)], done.stderr


def test_search_by_sample_plan_date_and_status(served: Any) -> None:
    def found(query: Any) -> list[str]:
        return list(served.runs.search(query))

    assert found(Key("sample") == "gold") == [served.uid]
    assert found(Key("plan_name") == "random") == [served.open_uid]
    assert found(Key("stop.exit_status") == "success") == [served.uid]
    assert set(found(TimeRange(since="2001-01-01"))) == {served.uid, served.open_uid}
    assert found(TimeRange(until="2001-01-01")) == []
