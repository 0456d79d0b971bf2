import asyncio

import numpy as np
import pytest
from caproto import AlarmSeverity, ChannelType

from stemline.devices.instruments.protocol import InstrumentError


def test_a_spectrum_is_published_before_the_put_completes(play):
    async def script(panel):
        assert panel["EELS:cam1:ArrayCounter_RBV"] == 0
        assert await panel.put("EELS:cam1:Acquire", 1)
        np.testing.assert_array_equal(panel["EELS:image1:ArrayData"], np.arange(16))
        assert panel["EELS:Stats1:Total_RBV"] == 120
        assert panel["EELS:cam1:ArrayCounter_RBV"] == 1
        assert panel["EELS:cam1:Acquire"] == "Done"
        assert panel["EELS:cam1:DetectorState_RBV"] == "Idle"
        assert panel["EELS:cam1:ArraySizeX_RBV"] == 16
        assert panel["EELS:Energy:Dispersion_RBV"] == 0.5

    play(script)


def test_frame_and_spot(play):
    async def script(panel):
        assert await panel.put("HAADF:cam1:Acquire", 1)
        np.testing.assert_array_equal(panel["HAADF:image1:ArrayData"], np.arange(32))
        assert panel["HAADF:Stats1:MeanValue_RBV"] == 15.5
        assert await panel.put("HAADF:cam1:ScanMode", 1)
        assert panel["HAADF:cam1:ScanMode_RBV"] == "Spot"
        assert (panel["HAADF:cam1:ArraySizeX_RBV"], panel["HAADF:cam1:ArraySizeY_RBV"]) == (1, 1)
        assert await panel.put("HAADF:cam1:Acquire", 1)
        np.testing.assert_array_equal(panel["HAADF:image1:ArrayData"], [7])

    play(script)


@pytest.mark.parametrize(("dtype", "exact"), [("<u2", "FLOAT"), ("<f4", "FLOAT"), ("<u4", "DOUBLE")])
def test_array_data_hold_every_count_exactly(request, fake, dtype, exact):
    fake.dtype = dtype
    play = request.getfixturevalue("play")  # now: the driver is asked for its dtype when it is made

    async def script(panel):
        assert panel["EELS:cam1:DataType_RBV"] == dtype
        assert panel.record("EELS:image1:ArrayData").data_type == ChannelType[exact]

    play(script)


def test_a_failure_is_told_and_the_next_exposure_forgets_it(fake, play):
    async def script(panel):
        fake.fail = InstrumentError("the camera is warm: cool it")
        assert not await panel.put("EELS:cam1:Acquire", 1)
        state = panel.record("EELS:cam1:DetectorState_RBV")
        assert state.value == "Error"
        assert state.alarm.severity == AlarmSeverity.MAJOR_ALARM
        assert panel["EELS:cam1:StatusMessage_RBV"] == "the camera is warm: cool it"
        assert panel["IOC:Message_RBV"] == "the camera is warm: cool it"
        assert panel["EELS:cam1:ArrayCounter_RBV"] == 0
        fake.fail = None
        assert await panel.put("EELS:cam1:Acquire", 1)
        assert state.value == "Idle"
        assert state.alarm.severity == AlarmSeverity.NO_ALARM
        assert panel["EELS:cam1:StatusMessage_RBV"] == ""

    play(script)


def test_acquire_while_acquiring_is_refused_and_zero_aborts(fake, play):
    async def script(panel):
        fake.hold = True
        acquiring = asyncio.create_task(panel.put("EELS:cam1:Acquire", 1))
        while not fake.exposing.is_set():
            await asyncio.sleep(0.001)
        assert not await panel.put("EELS:cam1:Acquire", 1)
        assert "is acquiring" in panel["IOC:Message_RBV"]
        assert await panel.put("EELS:cam1:Acquire", 0)
        assert not await acquiring
        assert panel["EELS:cam1:DetectorState_RBV"] == "Aborted"
        assert await panel.put("EELS:cam1:Acquire", 0)  # nothing to abort

    play(script)


def test_a_lost_driver_makes_the_detector_invalid(play):
    async def script(panel):
        for camera in panel.cameras:
            await camera.lost("gone")
        await panel.beam.lost()
        for name in ("HAADF:cam1:DetectorState_RBV", "EELS:cam1:DetectorState_RBV", "Beam:Blanked_RBV"):
            assert panel.record(name).alarm.severity == AlarmSeverity.INVALID_ALARM
        assert panel["EELS:cam1:DetectorState_RBV"] == "Error"

    play(script)
