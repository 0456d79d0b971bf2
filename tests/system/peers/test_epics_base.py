"""Our devices against an IOC that nobody of us wrote: EPICS base."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bluesky.plans as bp
import h5py
import numpy as np
import pytest
from bluesky import RunEngine
from ophyd.utils import LimitError

from stemline.devices.channel_access import use_channel_access
from stemline.devices.eels import Eels
from stemline.devices.frame_file import DataRoots
from stemline.devices.scanner import Scanner

pytest.importorskip("softioc", reason="pythonSoftIOC is in the extra `dev`")
pytestmark = [pytest.mark.system, pytest.mark.slow]

PREFIX = "SOFT1:"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Port of a running database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    only_here = {"EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1", "EPICS_CAS_SERVER_PORT": str(free)}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("soft_ioc.py")), PREFIX],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **only_here, "EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert any(line == "ready\n" for line in process.stdout), "it ended"
    yield free
    process.stdin.close()
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def devices(port: int, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scanner, Eels]:
    use_channel_access([f"127.0.0.1:{port}"])
    folder = tmp_path_factory.mktemp("frames")
    scanner, eels = (
        Scanner(PREFIX, name="scanner"),
        Eels(PREFIX, name="eels", roots=DataRoots(folder, folder)),
    )
    for device in (scanner, eels):
        device.wait_for_connection(timeout=10)
    return scanner, eels


def test_a_grid_scan_with_frames(devices: tuple[Scanner, Eels]) -> None:
    scanner, eels = devices
    documents: list[tuple[str, dict]] = []
    engine = RunEngine({})
    engine(
        bp.grid_scan([eels], scanner.y, -20, 20, 3, scanner.x, -30, 30, 4),
        lambda name, doc: documents.append((name, doc)),
    )
    events = [doc["data"] for name, doc in documents if name == "event"]
    assert len(events) == 12
    (resource,) = [doc for name, doc in documents if name == "stream_resource"]
    with h5py.File(resource["uri"].removeprefix("file://localhost")) as file:
        frames = file["entry/data/data"][:]
    assert frames.shape == (12, 128)
    assert [event["eels_total"] for event in events] == frames.sum(axis=1).tolist()
    peaks = -2 + 0.25 * frames.argmax(axis=1)
    expected = [10 + event["scanner_x"] / 10 + event["scanner_y"] / 100 for event in events]
    np.testing.assert_allclose(peaks, expected, atol=0.126)  # half a channel


def test_its_limits_are_ours(devices: tuple[Scanner, Eels]) -> None:
    with pytest.raises(LimitError, match="SOFT1:Scan:X"):
        devices[0].x.set(60.0)
