import asyncio
from pathlib import Path

import numpy as np
import pytest
from caproto import AlarmSeverity

from stemline.analysis.container import FrameReader
from stemline.devices.instruments.protocol import InstrumentError


async def capture(panel, name="patterns"):
    assert await panel.put("PAD:HDF1:FileName", name)
    assert await panel.put("PAD:HDF1:Capture", 1)


def numbers(panel):
    with FrameReader(Path(panel["PAD:HDF1:FullFileName_RBV"])) as file:
        return file.read(0, file.shape[0])[:, 0, 0].tolist()


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


async def armed_scan(panel):
    """Arm the detector and start the scan; the tasks of both puts."""
    assert await panel.put("PAD:cam1:TriggerMode", "External")
    armed = asyncio.create_task(panel.put("PAD:cam1:Acquire", 1))
    await until(lambda: panel["PAD:cam1:DetectorState_RBV"] == "Waiting")
    return armed, asyncio.create_task(panel.put("Scan:Acquire", 1))


def test_frames_where_the_probe_stands(play, fake):
    async def script(panel):
        await capture(panel)
        assert await panel.put("PAD:cam1:NumImages", 10)
        assert await panel.put("PAD:cam1:Acquire", 1)
        assert numbers(panel) == list(range(10))
        assert panel["PAD:HDF1:NumCaptured_RBV"] == panel["PAD:cam1:NumImagesCounter_RBV"] == 10
        assert panel["PAD:cam1:ArrayCounter_RBV"] == 10
        assert panel["PAD:image1:ArrayData"][0] == 9
        assert panel["PAD:Stats1:Total_RBV"] == 9 + 23
        assert fake.log.index("unblank") < fake.log.index("arm 10 internal") < len(fake.log) - 1
        assert fake.blanked
        assert panel["Beam:OnTime_RBV"] >= 10 * panel["PAD:cam1:AcquireTime_RBV"]
        assert await panel.put("PAD:cam1:ImageMode", "Single")
        assert await panel.put("PAD:cam1:Acquire", 1)
        assert panel["PAD:HDF1:NumCaptured_RBV"] == 11

    play(script)


def test_a_scan_triggers_a_frame_a_pixel_and_its_image_is_kept(play, fake):
    async def script(panel):
        await capture(panel)
        assert await panel.put("HAADF:HDF1:FileName", "image")
        assert await panel.put("HAADF:HDF1:Capture", 1)
        assert await panel.put("PAD:cam1:NumImages", 32)
        assert await panel.put("Scan:DwellTime", 1e-3)
        armed, scan = await armed_scan(panel)
        assert await scan
        assert await armed
        assert numbers(panel) == list(range(32))
        assert panel["HAADF:HDF1:NumCaptured_RBV"] == 1
        assert panel["HAADF:image1:ArrayData"][-1] == 31
        assert panel["Scan:Acquire"] == panel["PAD:cam1:Acquire"] == "Done"
        assert panel["PAD:cam1:DetectorState_RBV"] == "Idle"
        assert fake.log.index("arm 32 scan") < fake.log.index("expose")
        assert fake.blanked
        assert panel["Beam:OnTime_RBV"] == pytest.approx(32e-3, rel=0.5)

    play(script)


def test_a_scan_of_other_pixels_is_refused_before_the_beam_is_on(play, fake):
    async def script(panel):
        assert await panel.put("PAD:cam1:NumImages", 31)
        assert await panel.put("Scan:DwellTime", 1e-3)
        armed, scan = await armed_scan(panel)
        assert not await scan
        assert not await armed
        assert "PAD:cam1:NumImages to 32" in panel["IOC:Message_RBV"]
        assert "unblank" not in fake.log
        assert await panel.put("PAD:cam1:NumImages", 32)
        assert await panel.put("Scan:DwellTime", 1e-5)
        armed, scan = await armed_scan(panel)
        assert not await scan
        assert not await armed
        assert "Scan:DwellTime" in panel["IOC:Message_RBV"]

    play(script)


@pytest.mark.parametrize("abort", [("IOC:Abort", 1), ("PAD:cam1:Acquire", 0), ("Scan:Acquire", 0)])
def test_an_abort_leaves_a_readable_file_and_a_truthful_count(play, fake, abort):
    async def script(panel):
        fake.stop_after = 8
        await capture(panel)
        assert await panel.put("PAD:cam1:NumImages", 32)
        assert await panel.put("Scan:DwellTime", 1e-3)
        fake.hold = True
        armed, scan = await armed_scan(panel)
        await until(fake.stuck.is_set)
        assert await panel.put(*abort)
        assert not await scan
        assert not await armed
        assert fake.blanked
        assert panel["PAD:HDF1:NumCaptured_RBV"] == 8
        assert panel["PAD:cam1:DetectorState_RBV"] == "Aborted"
        assert "abort" in panel["PAD:cam1:StatusMessage_RBV"]
        assert numbers(panel) == list(range(8))
        assert panel["Beam:OnTime_RBV"] > 0

    play(script)


def test_a_detector_that_waits_for_a_scan_can_be_called_off(play, fake):
    async def script(panel):
        assert await panel.put("PAD:cam1:TriggerMode", "External")
        armed = asyncio.create_task(panel.put("PAD:cam1:Acquire", 1))
        await until(lambda: panel["PAD:cam1:DetectorState_RBV"] == "Waiting")
        assert not await panel.put("PAD:cam1:Acquire", 1)
        assert await panel.put("PAD:cam1:Acquire", 0)
        assert not await armed
        assert panel["PAD:cam1:DetectorState_RBV"] == "Aborted"
        assert await panel.put("Scan:Acquire", 1)  # the scan alone, as ever
        assert "arm" not in " ".join(fake.log)

    play(script)


def test_a_scan_that_fails_ends_the_frames_and_says_why(play, fake):
    async def script(panel):
        fake.stop_after, fake.fail = 8, InstrumentError("the scan coils are hot")
        await capture(panel)
        assert await panel.put("PAD:cam1:NumImages", 32)
        assert await panel.put("Scan:DwellTime", 1e-3)
        armed, scan = await armed_scan(panel)
        assert not await scan
        assert not await armed
        assert panel["PAD:cam1:StatusMessage_RBV"] == "the scan coils are hot"
        assert panel["PAD:HDF1:NumCaptured_RBV"] == len(numbers(panel))

    play(script)


def test_modes(play):
    async def script(panel):
        assert panel["PAD:cam1:DataType_RBV"] == "UInt16"
        assert await panel.put("PAD:cam1:AcquireTime", 2e-4)
        assert await panel.put("PAD:cam1:OperatingMode", "Integrating")
        assert panel["PAD:cam1:AcquireTime_RBV"] == panel["PAD:cam1:AcquirePeriod_RBV"] == 1e-3
        assert panel["PAD:cam1:DataType_RBV"] == "UInt32"
        assert panel["PAD:cam1:Saturation_RBV"] == 2**30
        assert not await panel.put("PAD:cam1:AcquireTime", 2e-4)
        assert "Integrating" in panel["IOC:Message_RBV"]
        await capture(panel)
        assert await panel.put("PAD:cam1:Acquire", 1)
        with FrameReader(Path(panel["PAD:HDF1:FullFileName_RBV"])) as file:
            assert file.dtype == np.dtype("<u4")
            assert file.metadata["quantity"] == "ADU"
            assert file.metadata["mode"] == "Integrating"
            kx = file.calibration["kx"]
            assert (kx.offset, kx.scale, kx.unit) == (pytest.approx(-3.0), pytest.approx(1.0), "mrad")

    play(script)


def test_saturation_is_flagged(play, fake):
    async def script(panel):
        fake.modes = (fake.modes[0].__class__("Counting1", "<u2", (1e-4, 1.0), 1.0), *fake.modes[1:])
        assert await panel.put("PAD:cam1:NumImages", 2)
        assert not await panel.put("PAD:cam1:Acquire", 1)  # a mode that the driver does not have any more
        fake.modes = (fake.modes[0].__class__("Counting12", "<u2", (1e-4, 1.0), 1.0), *fake.modes[1:])
        assert await panel.put("PAD:cam1:Acquire", 1)
        assert panel["PAD:Stats1:SaturatedPixels_RBV"] == 2 * 24 - 1  # the first pixel of the first is 0

    play(script)


def test_num_capture(play):
    async def script(panel):
        assert await panel.put("PAD:HDF1:NumCapture", 6)
        await capture(panel)
        assert await panel.put("PAD:cam1:NumImages", 4)
        assert await panel.put("PAD:cam1:Acquire", 1)
        assert not await panel.put("PAD:cam1:Acquire", 1)
        assert "NumCapture" in panel["IOC:Message_RBV"]
        assert await panel.put("PAD:cam1:NumImages", 2)
        assert await panel.put("PAD:cam1:Acquire", 1)
        assert panel["PAD:HDF1:Capture_RBV"] == panel["PAD:HDF1:Capture"] == "Done"

    play(script)


def test_file_template(play, tmp_path):
    async def script(panel):
        assert await panel.put("PAD:HDF1:FileTemplate", "%s%s_%6.6d.h5")
        assert await panel.put("PAD:HDF1:FileNumber", 41)
        await capture(panel, "p")
        assert panel["PAD:HDF1:FullFileName_RBV"] == str(tmp_path.resolve() / "p_000041.h5")
        assert panel["PAD:HDF1:FileNumber_RBV"] == panel["PAD:HDF1:FileNumber"] == 42
        for bad in ("%s.h5", "/etc/%s%s.h5", "%s%s%s%s.h5", "%s../%s.h5", "%s%s.txt", "%s%s%n.h5"):
            assert not await panel.put("PAD:HDF1:FileTemplate", bad)

    play(script)


def test_what_can_not_be_changed_refuses_other_values(play):
    async def script(panel):
        assert await panel.put("PAD:HDF1:FileWriteMode", "Stream")
        assert await panel.put("PAD:cam1:BinX", 1)
        for name, value in (
            ("PAD:HDF1:FileWriteMode", "Single"),
            ("PAD:cam1:BinX", 2),
            ("PAD:cam1:ImageMode", "Continuous"),
            ("PAD:HDF1:NDArrayPort", "elsewhere"),
            ("PAD:cam1:AcquirePeriod", 10.0),
            ("PAD:cam1:NumImages", 0),
        ):
            assert not await panel.put(name, value), name
            assert panel.record(name).alarm.severity is AlarmSeverity.MAJOR_ALARM

    play(script)
