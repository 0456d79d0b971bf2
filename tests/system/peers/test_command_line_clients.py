"""Our IOC driven by caproto's own command-line programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stemline.devices.ioc.config import IOCConfig
from stemline.ioc_process import IOCProcess

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("ioc")
    with IOCProcess(IOCConfig(prefix="C1:", write_root=folder), folder / "ioc.log") as ioc:
        yield ioc.port


def caproto(program: str, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(Path(sys.executable).with_name(f"caproto-{program}")),
            *("--no-repeater", "--timeout", "10"),
            *arguments,
        ],
        env={**os.environ, "EPICS_CA_ADDR_LIST": f"127.0.0.1:{port}", "EPICS_CA_AUTO_ADDR_LIST": "NO"},
        capture_output=True,
        text=True,
        timeout=30,
    )


def value(port: int, name: str) -> float:
    return float(caproto("get", port, "-t", name).stdout)


def test_a_put_moves_the_probe(port: int) -> None:
    assert caproto("put", port, "-c", "C1:Scan:X", "3.5").returncode == 0
    assert value(port, "C1:Scan:X_RBV") == 3.5


def test_a_put_out_of_limits_moves_nothing(port: int) -> None:
    before = value(port, "C1:Scan:Y_RBV")
    caproto("put", port, "-c", "C1:Scan:Y", "1e6")
    assert value(port, "C1:Scan:Y_RBV") == before
    codes = caproto("get", port, "-t", "C1:IOC:Message_RBV").stdout.strip("[]\n")  # a CHAR waveform
    assert "is refused" in bytes(map(int, codes.split())).decode("latin-1")


def test_a_readback_can_not_be_put(port: int) -> None:
    before = value(port, "C1:Scan:X_RBV")
    caproto("put", port, "-c", "C1:Scan:X_RBV", "1")
    assert value(port, "C1:Scan:X_RBV") == before
