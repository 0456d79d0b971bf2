from __future__ import annotations

import pytest

from stemline.devices.beam import Beam
from stemline.devices.declared import only
from stemline.devices.microscope import BEAM, NoMicroscope, connect


def test_it_is_composed_of_what_the_ioc_declares(scripted):
    microscope = connect("T1:")
    assert (microscope.driver, microscope.capabilities) == ("scripted", ("spectrometer", "beam_current"))
    assert [device.name for device in microscope.devices()] == ["beam", "eels"]
    assert microscope.scanner is microscope.haadf is microscope.optics is microscope.stage is None
    assert set(microscope.beam.read()) == {
        f"beam_{name}" for name in ("current", "electrons", "on_time", "blanked")
    }
    assert "high_tension" not in microscope.beam.component_names


def test_stopping_it_aborts_once(scripted):
    microscope = connect("T1:")
    microscope.stop(success=True)
    microscope.stop()
    microscope.ioc.heartbeat.get()  # one connection keeps the order: the abort has arrived
    assert scripted.aborts == 1


def test_missing_process_variables_are_named(scripted):
    scripted.show("IOC:Capabilities_RBV", "spectrometer,beam_current,stage_x")
    try:
        with pytest.raises(NoMicroscope, match="T1:Stage:X"):
            connect("T1:", timeout=0.3)
    finally:
        scripted.show("IOC:Capabilities_RBV", "spectrometer,beam_current")


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
