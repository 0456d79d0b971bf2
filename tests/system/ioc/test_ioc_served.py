"""An IOC over the simulated microscope, as a client of Channel Access sees it."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from stemline.devices.instruments.composition import InstrumentConfig
from stemline.devices.ioc.config import IOCConfig
from stemline.devices.ioc.ioc import CannotStart
from stemline.devices.ioc.server import IOCThread

pytestmark = pytest.mark.system

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "pvs.md"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    # overrun: a busy machine computes a large image for longer than its exposure takes
    with IOCThread(IOCConfig(write_root=tmp_path_factory.mktemp("frames"), overrun=30.0)) as ioc:
        yield ioc


@pytest.fixture
def client(served, clients):
    made = clients(served.port)
    made.put("HAADF:cam1:ScanMode", 0)
    made.put("EELS:cam1:AcquireTime", 0.001)
    made.put("Scan:DwellTime", 1e-5)
    return made


def test_every_documented_process_variable_is_served(client):
    cells = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    names = [
        name + suffix
        for cell in cells
        for name in re.findall(r"`([\w:]+:\w+)`", cell)
        for suffix in (("", "_RBV") if f"`{name}` + `_RBV`" in cell else ("",))
    ]
    assert len(names) > 80
    optional = {"Optics:CameraLength", "Optics:CameraLength_RBV"}  # not of the simulated microscope
    for name in names:
        if name not in optional:
            client.pv(name)


def test_limits_units_and_precision_are_metadata(client):
    x = client.pv("Scan:X").read(data_type="control").metadata
    half = client.get("Scan:FieldOfView_RBV") / 2
    assert (x.lower_ctrl_limit, x.upper_ctrl_limit, x.units) == (-half, half, b"nm")
    dwell = client.pv("Scan:DwellTime").read(data_type="control").metadata
    assert (dwell.units, dwell.precision) == (b"s", 7)


def test_refused_puts_complete_at_once_and_say_why(client):
    before = time.monotonic()
    for name, value in (
        ("Scan:X", 1e4),
        ("Scan:FieldOfView", 0.0),
        ("Scan:DwellTime", 1e9),
        ("EELS:cam1:AcquireTime", float("nan")),
        ("Stage:Alpha", 91.0),
        ("HAADF:cam1:ScanMode", 2),
        ("Beam:HighTension_RBV", 300.0),
    ):
        assert not client.put(name, value), name
        if not name.endswith("_RBV"):
            assert client.severity(name) == 2
            assert client.text("IOC:Message_RBV")
    assert time.monotonic() - before < 5
    assert client.put("Scan:X", 0.0)
    assert client.severity("Scan:X") == 0


@pytest.mark.parametrize(("ny", "nx"), [(1024, 1024), (1568, 192), (7, 5)])
def test_images_arrive_whole_and_as_they_are_in_the_file(client, ny, nx):
    client.put("Scan:DwellTime", 1e-7)
    assert client.put("Scan:NumX", nx)
    assert client.put("Scan:NumY", ny)
    path = client.capture("HAADF", f"image-{ny}")
    assert client.put("HAADF:cam1:Acquire", 1), client.text("HAADF:cam1:StatusMessage_RBV")
    image = np.asarray(client.get("HAADF:image1:ArrayData"))
    assert client.put("HAADF:HDF1:Capture", 0)
    with h5py.File(path) as file:
        frames = file["/entry/data/data"]
        assert frames.shape == (1, ny, nx)
        assert frames.dtype.str == client.text("HAADF:cam1:DataType_RBV")
        np.testing.assert_array_equal(image.reshape(ny, nx), frames[0])
        pitch = np.diff(file["/entry/data/x"][()])
        np.testing.assert_allclose(pitch, client.get("Scan:PixelSize_RBV"), rtol=1e-6)
    assert client.get("HAADF:Stats1:MeanValue_RBV") == pytest.approx(image.mean(), rel=1e-12)
    assert client.put("Scan:NumX", 64)
    assert client.put("Scan:NumY", 64)


def test_a_swmr_reader_sees_each_spectrum_when_its_put_has_completed(client):
    path = client.capture("EELS", "live")
    assert client.put("EELS:cam1:Acquire", 1)
    with h5py.File(path, swmr=True) as file:
        frames = file["/entry/data/data"]
        for n in range(2, 12):
            assert client.put("EELS:cam1:Acquire", 1)
            frames.refresh()
            assert frames.shape[0] == n == client.get("EELS:HDF1:NumCaptured_RBV")
            np.testing.assert_array_equal(frames[n - 1], client.get("EELS:image1:ArrayData"))
    assert client.put("EELS:HDF1:Capture", 0)


def test_the_ioc_answers_and_beats_during_a_long_scan(client):
    client.put("Scan:DwellTime", 5e-4)  # 2 s
    beat = client.get("IOC:Heartbeat_RBV")
    acquired = client.begin("HAADF:cam1:Acquire", 1)
    client.until("Beam:Blanked_RBV", lambda value: value == 0)
    client.get("Scan:X_RBV")
    slowest, began = 0.0, time.monotonic()
    while time.monotonic() - began < 1.2:
        before = time.monotonic()
        client.get("Scan:X_RBV")
        slowest = max(slowest, time.monotonic() - before)
    assert slowest < 0.5  # of a machine that others use too
    assert client.get("IOC:Heartbeat_RBV") - beat >= 4
    assert acquired(10)
    assert client.word("Beam:Blanked_RBV") == "Blanked"


def test_an_abort_ends_a_long_exposure_at_once(client):
    client.put("EELS:cam1:AcquireTime", 10.0)
    client.put("Beam:ResetElectrons", 1)
    acquired = client.begin("EELS:cam1:Acquire", 1)
    client.until("EELS:cam1:DetectorState_RBV", lambda value: value == 1)
    before = time.monotonic()
    assert client.put("IOC:Abort", 1)
    assert acquired(5) is False
    took = time.monotonic() - before
    assert took < 2
    assert client.word("EELS:cam1:DetectorState_RBV") == "Aborted"
    assert client.text("EELS:cam1:StatusMessage_RBV") == "aborted by IOC:Abort"
    assert client.word("Beam:Blanked_RBV") == "Blanked"
    on_time, current = client.get("Beam:OnTime_RBV"), client.get("Beam:Current_RBV")
    assert 0 < on_time < 5
    assert client.get("Beam:Electrons_RBV") == pytest.approx(
        current * 1e-12 * on_time / 1.602176634e-19, rel=1e-9
    )
    client.put("EELS:cam1:AcquireTime", 0.001)
    assert client.put("EELS:cam1:Acquire", 1)
    assert client.text("EELS:cam1:StatusMessage_RBV") == ""


def test_a_spent_budget_refuses_and_does_not_expose(client):
    client.put("EELS:cam1:AcquireTime", 0.01)
    client.put("Beam:ResetElectrons", 1)
    assert client.put("Beam:ElectronBudget", 1.0)
    counter = client.get("EELS:cam1:ArrayCounter_RBV")
    assert not client.put("EELS:cam1:Acquire", 1)
    assert "electron budget" in client.text("EELS:cam1:StatusMessage_RBV")
    assert client.get("Beam:Electrons_RBV") == 0
    assert client.get("EELS:cam1:ArrayCounter_RBV") == counter
    assert client.put("Beam:ElectronBudget", 0.0)


def test_a_port_that_is_taken_is_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(CannotStart, match=f"port {port} on 127.0.0.1: .*set the port to 0"),
            IOCThread(IOCConfig(write_root=tmp_path, port=port)),
        ):
            pytest.fail("it started")


def test_an_address_of_another_machine_is_no_taken_port(tmp_path):
    # 192.0.2.0/24 is set aside for documentation: no machine has it (RFC 5737)
    with (
        pytest.raises(CannotStart, match="interface 192.0.2.1 is no address of this machine") as raised,
        IOCThread(IOCConfig(write_root=tmp_path, interface="192.0.2.1")),
    ):
        pytest.fail("it started")
    assert "port" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"limits": {"Scan:DwelTime": (1e-6, 1e-3)}}, "limits: Scan:DwelTime: this instrument has no such"),
        ({"limits": {"Scan:DwellTime": (100.0, 200.0)}}, "limits of Scan:DwellTime.* lie outside"),
        ({"max_pixels": 100}, "64 x 64 pixels are refused"),
        (
            {
                "instrument": InstrumentConfig.model_validate(
                    {"drivers": [{"driver": "replay", "spectrum_image": "/nowhere/si.hspy"}]}
                )
            },
            "/nowhere/si.hspy",
        ),
    ],
)
def test_what_cannot_start_says_why_in_one_line(tmp_path, wrong, line):
    with (
        pytest.raises(CannotStart, match=line) as raised,
        IOCThread(IOCConfig(write_root=tmp_path, **wrong)),
    ):
        pytest.fail("it started")
    assert "\n" not in str(raised.value)
