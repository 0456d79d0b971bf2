from __future__ import annotations

import time
from pathlib import PurePosixPath

import numpy as np
import pytest
from bluesky import RunEngine
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky.protocols import Readable, Stageable, Triggerable, WritesStreamAssets

from stemline.devices.eels import Eels
from stemline.devices.exposure import AcquisitionFailed
from stemline.devices.frame_file import CaptureFailed, DataRoots


@pytest.fixture
def eels(scripted):
    roots = DataRoots(PurePosixPath("/data/ioc"), PurePosixPath("/mnt/my data"))
    device = Eels("T1:", name="eels", roots=roots)
    device.wait_for_connection(timeout=5)
    yield device
    device.unstage()
    device.destroy()


def run(plan, *subscribers):
    documents = []
    engine = RunEngine({}, call_returns_result=True)
    for one in (lambda name, doc: documents.append((name, doc)), *subscribers):
        engine.subscribe(one)
    try:
        engine(plan)
    except Exception as error:
        return documents, error
    return documents, None


def of(documents, wanted):
    return [doc for name, doc in documents if name == wanted]


def test_protocols(eels):
    for protocol in (Readable, Triggerable, Stageable, WritesStreamAssets):
        assert isinstance(eels, protocol)


def test_energy_axis(eels):
    np.testing.assert_allclose(eels.energy(), -2 + 0.5 * np.arange(16))


def test_documents_of_a_count(scripted, eels):
    documents, error = run(bp.count([eels], 3))
    assert error is None
    (descriptor,) = of(documents, "descriptor")
    assert descriptor["hints"]["eels"]["fields"] == ["eels_total"]
    key = descriptor["data_keys"]["eels_spectrum"]
    assert key["shape"] == [16]
    assert key["dims"] == ["energy"]
    assert key["dtype_numpy"] == "<f4"
    assert key["external"] == "STREAM:"
    keys = {"eels_total", "eels_mismatches", "eels_acquire_time", "eels_spectrum"}
    assert set(descriptor["data_keys"]) == keys
    assert descriptor["data_keys"]["eels_acquire_time"]["units"] == "s"
    assert set(descriptor["configuration"]["eels"]["data"]) == {
        f"eels_{name}" for name in ("acquire_time", "saturation", "energy_offset", "energy_dispersion")
    }
    (resource,) = of(documents, "stream_resource")
    assert resource["uri"].startswith("file://localhost/mnt/my data/")
    assert resource["mimetype"] == "application/x-hdf5"
    assert resource["parameters"] == {"dataset": "/entry/data/data", "chunk_shape": (1, 16), "swmr": True}
    assert [doc["indices"] for doc in of(documents, "stream_datum")] == [
        {"start": n, "stop": n + 1} for n in range(3)
    ]
    assert [doc["data"]["eels_total"] % 16 for doc in of(documents, "event")] == [0, 0, 0]
    assert scripted.value("EELS:HDF1:Capture_RBV") == "Done"


def test_an_exposure_time_that_another_client_sets_is_in_the_events_that_follow(scripted, eels):
    def change(name, doc):
        if name == "event" and doc["seq_num"] == 2:
            scripted.show("EELS:cam1:AcquireTime_RBV", 0.25)
            while eels.acquire_time.read()["eels_acquire_time"]["value"] != 0.25:
                time.sleep(0.001)

    eels.acquire_time.set(0.01).wait(5)
    documents, error = run(bp.count([eels], 4), change)
    assert error is None
    times = [doc["data"]["eels_acquire_time"] for doc in of(documents, "event")]
    assert times == [0.01, 0.01, 0.25, 0.25]
    (descriptor,) = of(documents, "descriptor")
    assert descriptor["configuration"]["eels"]["data"]["eels_acquire_time"] == 0.01


def test_each_run_has_its_own_file(eels):
    uris = [of(run(bp.count([eels], 1))[0], "stream_resource")[0]["uri"] for _ in range(2)]
    assert uris[0] != uris[1]


def test_failure_is_the_reason_of_the_run_and_nothing_is_left_capturing(scripted, eels):
    scripted.failure = "electron budget: spent"
    documents, error = run(bp.count([eels], 1))
    assert error is not None
    (stop,) = of(documents, "stop")
    assert stop["exit_status"] == "fail"
    assert "T1:EELS:cam1:Acquire" in stop["reason"]
    assert "electron budget: spent" in stop["reason"]
    assert scripted.value("EELS:HDF1:Capture_RBV") == "Done"


def test_a_detector_that_another_client_uses_fails(scripted, eels):
    scripted.refuse["EELS:cam1:Acquire"] = "EELS is acquiring"
    scripted.show("EELS:cam1:DetectorState_RBV", "Acquire")
    assert isinstance(eels.trigger().exception(timeout=5), AcquisitionFailed)


def test_a_stage_that_fails_leaves_nothing_capturing(scripted, eels):
    scripted.refuse["EELS:HDF1:Capture"] = "disk full"
    documents, error = run(bp.count([eels], 1))
    assert "disk full" in str(error)
    assert "T1:EELS:HDF1:Capture" in str(error)
    scripted.refuse.clear()
    assert scripted.value("EELS:HDF1:Capture_RBV") == "Done"
    assert run(bp.count([eels], 1))[1] is None


def test_a_file_outside_the_write_root_is_refused_and_closed(scripted, eels):
    scripted.write_root = "/elsewhere"
    try:
        documents, error = run(bp.count([eels], 1))
    finally:
        scripted.write_root = "/data/ioc"
    assert "/elsewhere" in str(error)
    assert scripted.value("EELS:HDF1:Capture_RBV") == "Done"


def test_a_lost_frame_fails_the_run(scripted, eels):
    scripted.lose_frames = True
    error = run(bp.count([eels], 1))[1]
    assert isinstance(error.__cause__, CaptureFailed)
    assert "T1:EELS:HDF1:NumCaptured_RBV" in str(error)


def test_a_point_that_is_taken_again_has_one_frame(scripted, eels):
    def plan():
        yield from bps.open_run()
        yield from bps.trigger(eels, wait=True)  # interrupted: measured, not saved
        yield from bps.trigger_and_read([eels])
        yield from bps.close_run()

    eels.stage()
    documents, error = run(plan())
    assert error is None
    assert [doc["indices"] for doc in of(documents, "stream_datum")] == [{"start": 1, "stop": 2}]


def test_unstage_aborts_an_exposure_that_nobody_waits_for(scripted, eels):
    scripted.ignore.add("EELS:cam1:Acquire")
    eels.stage()
    status = eels.trigger()
    eels.unstage()
    assert scripted.aborts >= 1
    assert status.done
    assert status.success  # else it would fail the run that is being cleaned up


def test_without_roots_nothing_is_written(scripted):
    device = Eels("T1:", name="eels")
    device.wait_for_connection(timeout=5)
    documents, error = run(bp.count([device], 1))
    device.destroy()
    assert error is None
    assert not of(documents, "stream_resource")
    keys = {"eels_total", "eels_mismatches", "eels_acquire_time"}
    assert set(of(documents, "descriptor")[0]["data_keys"]) == keys


@pytest.mark.parametrize("roots", [("data", "/mnt"), ("/data", "mnt"), ("/data", "/mnt/100%")])
def test_roots_that_readers_would_not_find_are_refused(roots):
    with pytest.raises(ValueError, match="absolute|without them"):
        DataRoots(*map(PurePosixPath, roots))
