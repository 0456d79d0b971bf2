from __future__ import annotations

from dataclasses import replace

import pytest

from stemline.devices.eels import Eels
from stemline.devices.exposure import AcquisitionFailed
from stemline.devices.no_answer import NoAnswer


@pytest.fixture
def eels(scripted):
    device = Eels("T1:", name="eels")
    device.wait_for_connection(timeout=5)
    yield device
    device.ioc.stop()
    device.destroy()


def test_an_exposure_that_does_not_end_fails_after_its_own_time(scripted, eels):
    scripted.ignore.add("EELS:cam1:Acquire")
    scripted.show("EELS:cam1:DetectorState_RBV", "Acquire")
    error = replace(eels._exposure, margin=-1.0).start(eels).exception(timeout=5)
    assert isinstance(error, NoAnswer)
    assert "T1:EELS:cam1:Acquire: no frame after" in str(error)


def test_waiting_for_the_beam_does_not_count_as_exposure(scripted, eels):
    scripted.ignore.add("EELS:cam1:Acquire")
    waits = replace(eels._exposure, margin=-1.0, queue=0.1).start(eels).exception(timeout=5)
    assert "T1:EELS:cam1:Acquire: not started after 0.1 s" in str(waits)


def test_an_aborted_acquisition_names_the_reason(scripted, eels):
    scripted.failure = "aborted by IOC:Abort"
    error = eels.trigger().exception(timeout=5)
    assert isinstance(error, AcquisitionFailed)
    assert str(error) == "T1:EELS:cam1:Acquire failed: aborted by IOC:Abort"
