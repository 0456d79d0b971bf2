"""Two microscopes behind a gateway, one catalog: the files of examples/two_microscopes as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Sites

pytestmark = [pytest.mark.system, pytest.mark.slow]

READ_BACK = """
import json, os
from stemline.consumers.open_run import open_run
from stemline.tiled_config.client import connect, disconnect
catalog = connect("http://10.77.2.10:8000/api/v1", os.environ["TILED_API_KEY"])
found = [
    {
        "microscope": run.metadata["start"]["microscope"],
        "began": run.metadata["start"]["time"],
        "ended": run.metadata["stop"]["time"],
        "status": run.metadata["stop"]["exit_status"],
        "counts": open_run(run)["eels_spectrum"].sum("energy").values.tolist(),
    }
    for run in catalog.values()
]
disconnect(catalog)
print(json.dumps(found))
"""

ONE_NOTEBOOK = """
from pathlib import Path
from stemline.config import load
from stemline.session import Session
with Session(load(Path("em1.yml"))) as first, Session(load(Path("em2.yml"))) as second:
    for session in (first, second, first, second):
        session.RE(session.experiments.random_spectroscopy(num_points=3))
"""

KNOCK = """
import socket
with socket.socket() as door:
    door.settimeout(2)
    try:
        door.connect(({host!r}, {port}))
        print("open")
    except OSError as error:
        print(type(error).__name__)
"""


def test_runs_of_both_at_once_are_whole_in_one_catalog(sites: Sites, key: str) -> None:
    before = len(read_back(sites, key))
    commands = [
        sites.start("laboratory", "-m", "stemline", "run", f"{name}.yml", "--points", "12", key=key)
        for name in ("em1", "em2")
    ]
    for command in commands:
        out, _ = command.communicate(timeout=100)
        assert command.returncode == 0, out
    first, second = sorted(read_back(sites, key)[before:], key=lambda run: run["microscope"])
    assert (first["microscope"], second["microscope"]) == ("EM1", "EM2")
    assert first["began"] < second["ended"]
    assert second["began"] < first["ended"]
    for run in (first, second):
        assert run["status"] == "success"
        assert len(run["counts"]) == 12
        assert min(run["counts"]) > 0
    assert first["counts"] != second["counts"]


def test_one_notebook_holds_both(sites: Sites, key: str) -> None:
    before = len(read_back(sites, key))
    sites.run("laboratory", ONE_NOTEBOOK, key)
    runs = sorted(read_back(sites, key)[before:], key=lambda run: run["began"])
    assert [run["microscope"] for run in runs] == ["EM1", "EM2", "EM1", "EM2"]
    assert {len(run["counts"]) for run in runs} == {3}


def test_the_gateway_lets_the_laboratory_call_and_nobody_else(sites: Sites) -> None:
    listener = sites.start("instruments", "-m", "http.server", "8080", "--bind", "10.77.1.11")
    while "open" not in sites.run("instruments", KNOCK.format(host="10.77.1.11", port=8080)):
        assert listener.poll() is None

    def knock(site: str, host: str, port: int) -> str:
        return sites.run(site, KNOCK.format(host=host, port=port)).strip()

    assert knock("laboratory", "10.77.1.11", 5064) == "open"
    assert knock("laboratory", "10.77.1.12", 5064) == "open"
    assert knock("laboratory", "10.77.1.11", 8080) == "TimeoutError"
    assert knock("laboratory", "10.77.2.10", 8000) == "open"
    assert knock("instruments", "10.77.2.10", 8000) == "TimeoutError"
    assert knock("laboratory", "10.77.2.1", 22) == "TimeoutError"


def read_back(sites: Sites, key: str) -> list[dict[str, object]]:
    return json.loads(sites.run("laboratory", READ_BACK, key))
