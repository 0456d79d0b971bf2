"""The IOC of a session, as the session starts and ends it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from stemline.devices.ioc.config import IOCConfig
from stemline.ioc_process import IOCError, IOCProcess

pytestmark = pytest.mark.system


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_it_ends_with_its_block_and_says_nothing_in_its_log(tmp_path, gone):
    log = tmp_path / "logs" / "ioc.log"
    with IOCProcess(IOCConfig(write_root=tmp_path), log) as ioc:
        assert ioc.port > 0
        assert ioc.pid is not None
        started = [ioc.pid, *children(ioc.pid)]
        before = time.monotonic()
    assert time.monotonic() - before < 5
    gone(started)
    assert log.read_text() == ""


@pytest.mark.slow
def test_a_frozen_one_is_ended_in_less_than_five_seconds_with_its_driver(tmp_path, gone):
    with IOCProcess(IOCConfig(write_root=tmp_path), tmp_path / "ioc.log") as ioc:
        assert ioc.pid is not None
        started = [ioc.pid, *children(ioc.pid)]
        os.kill(ioc.pid, signal.SIGSTOP)
        before = time.monotonic()
    assert time.monotonic() - before < 5
    gone(started)


def test_why_it_does_not_start_is_one_line(tmp_path):
    config = IOCConfig(write_root=tmp_path, interface="192.0.2.1")
    with (
        pytest.raises(IOCError, match="no address of this machine") as raised,
        IOCProcess(config, tmp_path / "ioc.log"),
    ):
        pytest.fail("it started")
    assert "\n" not in str(raised.value)
