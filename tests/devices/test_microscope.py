from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from bluesky import RunEngine
from bluesky import plans as bp
from bluesky.preprocessors import SupplementalData
from bluesky.protocols import Configurable, Readable, Stageable, Stoppable, Triggerable

from stemline.devices.beam import Beam
from stemline.devices.declared import only
from stemline.devices.frame_file import DataRoots
from stemline.devices.microscope import BEAM, Microscope, NoMicroscope, composed, connect

BEAM_KEYS = {f"beam_{name}" for name in ("current", "electrons", "on_time", "blanked")}


@pytest.fixture
def microscope(scripted):
    one = connect("T1:", DataRoots(PurePosixPath("/data/ioc"), PurePosixPath("/data/ioc")))
    yield one
    one.destroy()


def run(plan, baseline=()):
    """Run a plan; returns the documents by name."""
    documents = {}
    engine = RunEngine({})
    engine.preprocessors.append(SupplementalData(baseline=list(baseline)))
    engine.subscribe(lambda name, doc: documents.setdefault(name, []).append(doc))
    engine(plan)
    return documents


def test_it_is_composed_of_what_the_ioc_declares(microscope):
    assert (microscope.driver, microscope.capabilities) == ("scripted", ("spectrometer", "beam_current"))
    assert [device.name for device in microscope.devices()] == ["beam", "eels"]
    assert microscope.scanner is microscope.haadf is microscope.optics is microscope.specimen_stage is None
    assert set(microscope.beam.read()) == BEAM_KEYS
    assert microscope.beam.high_tension is None


def test_its_parts_keep_their_names():
    whole = composed(
        ["scanner", "spectrometer", "beam_current", "beam_energy", "defocus", "stage_x", "stage_alpha"]
    )
    names = {walk.dotted_name: walk.item for walk in whole.walk_components()}
    assert names["scanner"].name == "scanner"
    assert names["specimen_stage"].name == "stage"
    assert "specimen_stage.alpha" in names
    assert "specimen_stage.beta" not in names
    assert "optics.defocus" in names
    assert Microscope.optics.cls is not names["optics"].cls


def test_it_is_a_device_that_every_plan_takes(microscope):
    for protocol in (Readable, Configurable, Stageable, Stoppable, Triggerable):
        assert isinstance(microscope, protocol)


def test_a_count_records_its_state_and_exposes_nothing(scripted, microscope):
    exposures = scripted.value("EELS:cam1:ArrayCounter_RBV")
    documents = run(bp.count([microscope], 2))
    (descriptor,) = documents["descriptor"]
    assert set(descriptor["data_keys"]) == BEAM_KEYS
    assert {"eels_acquire_time", "beam_electron_budget"} <= set(
        descriptor["configuration"]["microscope"]["data"]
    )
    assert len(documents["event"]) == 2
    assert "stream_resource" not in documents
    assert scripted.value("EELS:cam1:ArrayCounter_RBV") == exposures


def test_a_detector_exposes_when_it_is_named_beside_it(scripted, microscope):
    exposures = scripted.value("EELS:cam1:ArrayCounter_RBV")
    documents = run(bp.count([microscope, microscope.eels]))
    of_eels = {f"eels_{name}" for name in ("total", "mismatches", "acquire_time", "spectrum")}
    assert set(documents["descriptor"][0]["data_keys"]) == BEAM_KEYS | of_eels
    assert scripted.value("EELS:cam1:ArrayCounter_RBV") == exposures + 1


def test_a_part_that_is_named_beside_it_is_read_once(microscope):
    documents = run(bp.count([microscope.beam, microscope]))
    assert list(documents["descriptor"][0]["object_keys"]) == ["microscope"]


def test_as_a_baseline_it_is_read_before_and_after_a_run(microscope):
    documents = run(bp.count([microscope.eels], 3), baseline=[microscope])
    streams = {doc["uid"]: doc["name"] for doc in documents["descriptor"]}
    before, after = [doc["data"] for doc in documents["event"] if streams[doc["descriptor"]] == "baseline"]
    assert set(before) == set(after) == BEAM_KEYS


def test_only_a_detector_that_is_named_opens_its_file(scripted, microscope):
    microscope.stage()
    assert scripted.value("EELS:HDF1:Capture_RBV") == "Done"
    microscope.eels.stage()
    assert scripted.value("EELS:HDF1:Capture_RBV") == "Capture"
    microscope.unstage()
    assert scripted.value("EELS:HDF1:Capture_RBV") == "Capture"
    microscope.eels.unstage()
    assert scripted.value("EELS:HDF1:Capture_RBV") == "Done"


def test_stopping_it_aborts_once(scripted, microscope):
    microscope.stop(success=True)
    microscope.stop()
    microscope.ioc.heartbeat.get()  # one connection keeps the order: the abort has arrived
    assert scripted.aborts == 1


def test_missing_process_variables_are_named(scripted):
    scripted.show("IOC:Capabilities_RBV", "spectrometer,beam_current,stage_x")
    try:
        with pytest.raises(NoMicroscope, match="T1:Stage:X") as caught:
            connect("T1:", timeout=0.3)
    finally:
        scripted.show("IOC:Capabilities_RBV", "spectrometer,beam_current")
    assert "\n" not in str(caught.value)


def test_no_ioc_is_one_line_that_says_what_to_do(scripted):
    with pytest.raises(NoMicroscope, match="no IOC answers for NOBODY:.*stemline ioc") as caught:
        connect("NOBODY:", timeout=0.3)
    assert "\n" not in str(caught.value)


def test_what_is_not_declared_is_left_out_of_a_copy():
    reduced = only(Beam, BEAM, ["beam_energy"])
    assert "current" not in reduced.component_names
    assert "high_tension" in reduced.component_names
    assert "current" in Beam.component_names
    assert only(Beam, BEAM, ["beam_energy", "beam_current"]) is Beam
