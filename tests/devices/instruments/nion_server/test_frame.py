from __future__ import annotations

import math

import pytest

from stemline.devices.instruments.nion.wire import BadRequest
from stemline.devices.instruments.nion_server.frame import Frame


def test_a_frame_is_a_part_of_a_square() -> None:
    frame = Frame(ny=12, nx=16, field_of_view=160e-9, rotation=0.3)
    whole = frame.whole(2e-6)
    assert whole["pixel_size"] == (16, 16)
    assert whole["fov_nm"] == pytest.approx(160)
    assert whole["subscan_pixel_size"] == (12, 16)
    assert whole["subscan_fractional_size"] == (0.75, 1.0)
    assert whole["subscan_fractional_center"] == (0.5, 0.5)
    assert whole["rotation_rad"] == -0.3
    assert whole["pixel_time_us"] == pytest.approx(2)
    assert "subscan_pixel_size" not in Frame(8, 8, 1e-8, 0.0).whole(1e-6)


def test_a_tall_frame_has_square_pixels_too() -> None:
    frame = Frame(ny=20, nx=10, field_of_view=10e-9, rotation=0.0)
    assert frame.pixel == pytest.approx(1e-9)
    assert frame.context(1e-6)["fov_nm"] == pytest.approx(20)
    assert frame.fraction(10e-9, 5e-9) == pytest.approx((1.0, 0.75))


def test_one_pixel_around_the_probe() -> None:
    spot = Frame(16, 16, 16e-9, 0.0).part((-4e-9, 4e-9), (1, 1), 1e-3)
    assert spot["subscan_fractional_center"] == pytest.approx((0.25, 0.75))
    assert spot["subscan_fractional_size"] == pytest.approx((1 / 16, 1 / 16))


@pytest.mark.parametrize(
    "change",
    [{"ny": 0}, {"nx": 10**6}, {"field_of_view": 0.0}, {"field_of_view": math.inf}, {"rotation": math.nan}],
)
def test_impossible_frames_are_refused(change: dict) -> None:
    with pytest.raises(BadRequest):
        Frame.of({"ny": 4, "nx": 4, "field_of_view": 1e-8, "rotation": 0.0} | change)
    with pytest.raises(BadRequest, match="a frame is"):
        Frame.of({"ny": 4, "colour": "red"})
