"""The microscope as one device, and settings that another client changes, over an IOC."""

from __future__ import annotations

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import pytest
from bluesky.preprocessors import SupplementalData

from stemline.devices.channel_access import use_channel_access
from stemline.devices.frame_file import DataRoots
from stemline.devices.ioc.config import IOCConfig
from stemline.devices.ioc.server import IOCThread
from stemline.devices.microscope import connect
from stemline.devices.setpoint import Setpoint

pytestmark = pytest.mark.system

SETTINGS = {
    "haadf_scan_mode", "haadf_dwell_time", "haadf_pixel_size", "haadf_rotation", "eels_acquire_time"
}  # fmt: skip


@pytest.fixture(scope="module")
def microscope(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    driver = {"driver": "simulated", "shape": (16, 12), "dwell_time": 1e-6}
    config = IOCConfig(prefix="SM:", write_root=folder, instrument={"drivers": [driver]})
    with IOCThread(config) as ioc:
        use_channel_access([f"127.0.0.1:{ioc.port}"])
        yield connect("SM:", DataRoots(folder, folder))


@pytest.fixture
def one(microscope, make_bench):
    return make_bench(microscope)


def anothers(signal):
    """The same process variable, as another client has it."""
    twin = Setpoint(signal.setpoint_pvname, name="anothers")
    twin.wait_for_connection(timeout=5)
    return twin


def test_a_count_of_the_microscope_records_its_state_without_dose(one):
    m = one.microscope
    electrons = m.beam.electrons.get()
    assert one.run(bp.count([m], 2)) is None
    (descriptor,) = one.of("descriptor")
    keys = descriptor["data_keys"]
    assert {"scanner_x", "scanner_field_of_view", "beam_current", "optics_defocus", "stage_x"} <= set(keys)
    assert not {"haadf_mean", "eels_total"} & set(keys)
    assert keys["scanner_field_of_view"]["units"] == "nm"
    assert {"scanner_x", "scanner_y", "stage_x"} <= set(descriptor["hints"]["microscope"]["fields"])
    assert set(descriptor["configuration"]["microscope"]["data"]) > SETTINGS
    assert [event["data"]["beam_blanked"] for event in one.of("event")] == ["Blanked"] * 2
    assert m.beam.electrons.get() == electrons
    assert "stream_resource" not in [name for name, _ in one.documents]


def test_detectors_are_named_beside_the_microscope_and_motors_are_in_it(one):
    m = one.microscope
    assert one.run(bps.mv(m.haadf.scan_mode, "Spot")) is None
    assert one.run(bp.scan([m, m.haadf, m.eels], m.scanner.x, -5, 5, 3)) is None
    assert [event["data"]["scanner_x"] for event in one.of("event")] == [-5.0, 0.0, 5.0]
    assert all({"haadf_mean", "eels_total", "beam_electrons"} <= set(e["data"]) for e in one.of("event"))
    assert len(one.of("stream_datum")) == 6


def test_a_baseline_shows_what_was_changed_in_the_run(one):
    m = one.microscope
    one.engine.preprocessors.append(SupplementalData(baseline=[m]))
    other = anothers(m.scanner.rotation)
    one.engine.subscribe(lambda name, doc: other.set(30.0).wait(5) if name == "event" else None)
    assert one.run(bp.count([m.eels], 3)) is None
    streams = {doc["uid"]: doc["name"] for doc in one.of("descriptor")}
    baseline = [e["data"] for e in one.of("event") if streams[e["descriptor"]] == "baseline"]
    assert [data["scanner_rotation"] for data in baseline] == [0.0, 30.0]


def test_what_another_client_sets_in_a_run_is_in_its_events(one):
    m = one.microscope
    before = m.eels.acquire_time.get(), m.haadf.pixel_size.get()
    others = anothers(m.eels.acquire_time), anothers(m.scanner.field_of_view)

    def change(name, doc):
        if name == "event" and doc["seq_num"] == 2:
            others[0].set(0.03).wait(5)
            others[1].set(24.0).wait(5)

    one.engine.subscribe(change)
    assert one.run(bp.count([m.eels, m.haadf], 5)) is None
    events = [event["data"] for event in one.of("event")]
    seen = [(data["eels_acquire_time"], data["haadf_pixel_size"]) for data in events]
    assert seen[:2] == [before] * 2
    assert seen[3:] == [(0.03, 2.0)] * 2
    assert one.of("descriptor")[0]["configuration"]["eels"]["data"]["eels_acquire_time"] == before[0]


def test_a_setting_that_a_plan_scans_is_in_each_event(one):
    m = one.microscope
    assert one.run(bps.mv(m.haadf.scan_mode, "Spot")) is None
    assert one.run(bp.scan([m.haadf], m.scanner.dwell_time, 1e-5, 9e-5, 9)) is None
    for event in one.of("event"):
        assert event["data"]["scanner_dwell_time"] == event["data"]["haadf_dwell_time"]
