import math

import pytest

from stemline.devices.ioc.agreement import disagreements
from stemline.devices.ioc.description import Control

STAGE = {"stage_x": Control(low=-1e-6, high=1e-6, settable=True, readback=0.0)}
ENERGY = {"beam_energy": Control(low=2e4, high=3e5, settable=False, readback=8e4)}


@pytest.mark.parametrize(
    ("values", "agrees"),
    [
        ((1e-7, 1e-7, None), True),
        ((1e-7, 1.005e-7, None), True),
        ((0.0, 1e-10, 0.0), True),
        ((1e-7, 2e-7, None), False),
        ((1e-7, 1e-7, 1.5e-7), False),
        ((1e-7, math.nan, None), False),
    ],
)
def test_what_agrees(values, agrees):
    assert (disagreements(STAGE, {"stage_x": values}) == ()) is agrees


def test_what_nobody_sets_is_compared_with_its_sensor_only():
    assert disagreements(ENERGY, {"beam_energy": (0.0, 8e4, None)}) == ()
    assert disagreements(ENERGY, {"beam_energy": (0.0, 8e4, 7e4)}) == (
        "beam_energy: set 0, readback 80000, sensor 70000",
    )


def test_a_current_that_is_not_what_was_set_is_in_the_record_of_the_exposure(fake, play, monkeypatch):
    from stemline.devices.instruments.protocol import ControlValue, MicroscopeState

    async def script(panel):
        assert await panel.put("EELS:cam1:Acquire", 1)
        assert panel["IOC:Mismatches_RBV"] == 0
        state = MicroscopeState(7, 0.0, {"beam_current": ControlValue(1e-10, 1e-10, 6e-11)})
        monkeypatch.setattr(fake, "state", lambda: state)
        assert await panel.put("EELS:cam1:Acquire", 1)
        assert panel["IOC:Mismatches_RBV"] == 1
        assert panel["IOC:Mismatch_RBV"] == "beam_current: set 1e-10, readback 1e-10, sensor 6e-11"
        assert panel["IOC:StateSequence_RBV"] == 7
        assert panel["Beam:CurrentSource_RBV"] == "sensor"
        monkeypatch.undo()
        assert await panel.put("EELS:cam1:Acquire", 1)
        assert panel["IOC:Mismatches_RBV"] == 0
        assert panel["IOC:Mismatch_RBV"] == ""

    play(script)
