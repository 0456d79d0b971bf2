"""What becomes of the beam, the files and the processes when something is killed."""

from __future__ import annotations

import os
import resource
import signal
import time

import h5py
import pytest

from stemline.devices.ioc.camera_group import STATES
from stemline.devices.ioc.config import IOCConfig

pytestmark = pytest.mark.system


@pytest.fixture
def config(tmp_path):
    return IOCConfig(write_root=tmp_path)


def start_long_exposure(client):
    client.put("EELS:cam1:AcquireTime", 10.0)
    acquired = client.begin("EELS:cam1:Acquire", 1)
    client.until("EELS:cam1:DetectorState_RBV", lambda value: value == 1)
    client.until("Beam:Blanked_RBV", lambda value: value == 0)
    return acquired


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_in_order(config, processes, clients, gone, number):
    ioc = processes(config)
    client = clients(ioc.answer["port"])
    path = client.capture("EELS", "a")
    client.put("EELS:cam1:AcquireTime", 0.001)
    assert client.put("EELS:cam1:Acquire", 1)
    start_long_exposure(client)
    children = ioc.children
    before = time.monotonic()
    code, said = ioc.end(number)
    assert (code, said) == (0, "")
    assert time.monotonic() - before < 5  # of an exposure of 10 s
    gone(children)
    with h5py.File(path) as file:  # closed: no need for swmr=True
        assert file["/entry/data/data"].shape[0] == 1


def test_the_end_of_its_parent_ends_it(config, processes, gone):
    ioc = processes(config)
    children = ioc.children
    ioc.popen.stdin.close()
    assert ioc.popen.wait(10) == 0
    gone(children)


def test_a_killed_ioc_leaves_every_flushed_frame_and_no_process(config, processes, clients, gone):
    ioc = processes(config)
    client = clients(ioc.answer["port"])
    path = client.capture("EELS", "a")
    client.put("EELS:cam1:AcquireTime", 0.001)
    last = None
    for _ in range(20):
        assert client.put("EELS:cam1:Acquire", 1)
        last = client.get("EELS:image1:ArrayData")
    start_long_exposure(client)
    children = ioc.children
    ioc.end(signal.SIGKILL)
    gone(children)
    with h5py.File(path, swmr=True) as file:
        assert file["/entry/data/data"].shape[0] == 20
        assert (file["/entry/data/data"][19] == last).all()


def test_a_killed_driver_is_told_and_the_ioc_lives(config, processes, clients, gone):
    ioc = processes(config)
    client = clients(ioc.answer["port"])
    path = client.capture("EELS", "a")
    client.put("EELS:cam1:AcquireTime", 0.001)
    assert client.put("EELS:cam1:Acquire", 1)
    acquired = start_long_exposure(client)
    os.kill(ioc.driver, signal.SIGKILL)
    assert acquired(5) is False
    for detector in ("EELS", "HAADF"):
        client.until(f"{detector}:cam1:DetectorState_RBV", lambda value: value == STATES.index("Error"))
        assert client.severity(f"{detector}:cam1:DetectorState_RBV") == 3  # INVALID
        assert "process has ended" in client.text(f"{detector}:cam1:StatusMessage_RBV")
    assert client.severity("Beam:Blanked_RBV") == 3
    assert "restart the IOC" in client.text("IOC:Message_RBV")
    for name in ("Scan:X", "EELS:cam1:Acquire", "Beam:Current"):
        assert not client.put(name, 1, timeout=5), name
    beat = client.get("IOC:Heartbeat_RBV")
    client.until("IOC:Heartbeat_RBV", lambda value: value > beat)
    with h5py.File(path, swmr=True) as file:
        assert file["/entry/data/data"].shape[0] == 1
    children = ioc.children
    assert ioc.end() == (0, "")
    gone(children)


def test_a_frozen_driver_is_ended(config, processes, clients):
    ioc = processes(config.model_copy(update={"overrun": 0.2}))
    client = clients(ioc.answer["port"])
    client.put("EELS:cam1:AcquireTime", 0.001)
    os.kill(ioc.driver, signal.SIGSTOP)
    assert client.begin("EELS:cam1:Acquire", 1)(20) is False
    assert client.severity("EELS:cam1:DetectorState_RBV") == 3
    assert ioc.end() == (0, "")


def test_a_full_disk_fails_the_acquisition_and_what_was_written_stays(config, processes, clients):
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

    ioc = processes(config.model_copy(update={"max_pixels": 64 * 64}), small_files_only)
    client = clients(ioc.answer["port"])
    path = client.capture("EELS", "a")
    client.put("EELS:cam1:AcquireTime", 0.001)
    written = 0
    while client.put("EELS:cam1:Acquire", 1):
        written += 1
        assert written < 100
    assert written > 5
    assert "File too large" in client.text("EELS:cam1:StatusMessage_RBV")
    assert client.word("EELS:cam1:DetectorState_RBV") == "Error"
    assert client.word("EELS:HDF1:WriteStatus_RBV") == "Error"
    assert client.get("EELS:HDF1:NumCaptured_RBV") == written
    assert client.word("Beam:Blanked_RBV") == "Blanked"
    client.put("EELS:HDF1:Capture", 0)
    assert client.put("EELS:cam1:Acquire", 1)  # without a file it goes on
    assert ioc.end()[0] == 0
    with h5py.File(path, swmr=True) as file:
        assert file["/entry/data/data"].shape[0] >= written


def test_a_failure_to_start_is_one_line_and_leaves_nothing(config, processes, gone):
    first = processes(config)
    second = processes(config.model_copy(update={"port": first.answer["port"]}))
    assert "in use" in second.answer["error"]
    assert second.popen.wait(10) != 0
    assert first.popen.poll() is None
