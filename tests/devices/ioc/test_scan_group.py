import asyncio
import math

import pytest

from stemline.devices.ioc.records import Refused
from stemline.devices.ioc.scan_group import Frame


def test_frame_geometry():
    frame = Frame(field_of_view=100.0, rotation=90.0, num_x=50, num_y=10, dwell_time=1e-5)
    assert frame.pixel_size == 2.0
    assert frame.half == (10.0, 50.0)
    request = frame.request()
    assert request["field_of_view"] == pytest.approx(1e-7, rel=1e-15)
    assert request["rotation"] == pytest.approx(math.pi / 2, rel=1e-15)
    assert (request["ny"], request["nx"]) == (10, 50)


def test_the_drivers_frame_to_begin_with(play):
    async def script(panel):
        assert panel["Scan:FieldOfView_RBV"] == 100.0
        assert (panel["Scan:NumX"], panel["Scan:NumY"]) == (8, 4)
        assert panel["Scan:PixelSize_RBV"] == 12.5
        assert (panel["HAADF:cam1:ArraySizeX_RBV"], panel["HAADF:cam1:ArraySizeY_RBV"]) == (8, 4)
        assert panel.record("Scan:Y").upper_ctrl_limit == 25.0

    play(script)


def test_moves_go_to_the_driver_in_si(fake, play):
    async def script(panel):
        fake.log.clear()
        assert await panel.put("Scan:X", 50.0)  # the very edge
        assert await panel.put("Scan:Y", -25.0)
        assert fake.log == ["move 0 5e-08", "move -2.5e-08 5e-08"]
        assert (panel["Scan:Y_RBV"], panel["Scan:X_RBV"]) == (-25.0, 50.0)

    play(script)


@pytest.mark.parametrize(
    ("name", "value"),
    [("Scan:X", 50.001), ("Scan:Y", -25.001), ("Scan:X", math.nan), ("Scan:Y", math.inf)],
)
def test_a_probe_outside_the_field_is_refused(fake, play, name, value):
    async def script(panel):
        fake.log.clear()
        assert not await panel.put(name, value)
        assert fake.log == []
        assert name in panel["IOC:Message_RBV"]

    play(script)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Scan:FieldOfView", 0.0),
        ("Scan:FieldOfView", -100.0),
        ("Scan:DwellTime", 10.0),
        ("Scan:DwellTime", math.nan),
        ("Scan:NumX", 0),
        ("Scan:NumY", 65),
        ("Scan:Rotation", 181.0),
    ],
)
def test_settings_beyond_the_limits_are_refused(fake, play, name, value):
    async def script(panel):
        before = panel[name]
        fake.log.clear()
        assert not await panel.put(name, value)
        assert panel[name] == panel[name + "_RBV"] == before
        assert fake.log == []

    play(script)


def test_settings_put_together_all_arrive(fake, play):
    async def script(panel):
        settings = {"FieldOfView": 60.0, "NumX": 12, "NumY": 6, "DwellTime": 2e-5, "Rotation": 30.0}
        assert all(await asyncio.gather(*(panel.put(f"Scan:{k}", v) for k, v in settings.items())))
        assert {k: panel[f"Scan:{k}_RBV"] for k in settings} == settings
        assert panel["Scan:PixelSize_RBV"] == 5.0
        assert panel.record("Scan:Y").upper_ctrl_limit == 15.0
        assert panel["HAADF:cam1:ArraySizeX_RBV"] == 12
        assert await panel.put("HAADF:cam1:Acquire", 1)
        assert len(panel["HAADF:image1:ArrayData"]) == 72

    play(script)


def test_a_probe_that_a_smaller_field_leaves_outside_goes_to_the_centre(fake, play):
    async def script(panel):
        await panel.put("Scan:X", 30.0)
        await panel.put("Scan:Y", 5.0)
        assert await panel.put("Scan:FieldOfView", 70.0)
        assert (panel["Scan:Y_RBV"], panel["Scan:X_RBV"]) == (5.0, 30.0)
        assert await panel.put("Scan:FieldOfView", 50.0)
        assert (panel["Scan:Y"], panel["Scan:X"]) == (0.0, 0.0)
        assert (panel["Scan:Y_RBV"], panel["Scan:X_RBV"]) == (0.0, 0.0)
        assert fake.log[-1] == "move 0 0"

    play(script)


def test_configured_limits_hold_from_the_first_frame(play):
    async def script(panel):
        assert panel["Scan:DwellTime"] == 1e-4
        assert not await panel.put("Scan:DwellTime", 9e-5)
        assert panel["Scan:NumX"] == 6

    play(script, limits={"Scan:DwellTime": (1e-4, 1e-3), "Scan:NumX": (1, 6)})


def test_frames_larger_than_the_ioc_serves(play):
    async def script(panel):
        assert not await panel.put("Scan:NumX", 17)
        assert await panel.put("Scan:NumX", 16)

    play(script, max_pixels=64)

    with pytest.raises(Refused, match="max_pixels"):
        play(script, max_pixels=31)
