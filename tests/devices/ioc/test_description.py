import json

import pytest

from stemline.devices.instruments.protocol import Instrument
from stemline.devices.ioc.description import Description, describe


def test_it_crosses_as_json(fake):
    fake.saturation = float("inf")
    description = Description.model_validate(json.loads(json.dumps(describe(fake.instrument()))))
    assert description.capabilities == ("controls", "scanner", "spectrometer", "frame_source", "blanker")
    assert description.controls["beam_current"].readback == 1e-10
    assert description.scanner is not None
    assert (description.scanner.default.ny, description.scanner.default.nx) == (4, 8)
    assert description.spectrometer is not None
    assert description.spectrometer.saturation == float("inf")
    assert description.spectrometer.dispersion == 0.5


@pytest.mark.parametrize("dtype", ["<u4", "<f4", ">u2"])
def test_dtype_of_frames_is_known_before_the_first(fake, dtype):
    fake.dtype = dtype
    description = Description.model_validate(describe(fake.instrument()))
    assert description.scanner is not None
    assert description.spectrometer is not None
    assert description.scanner.dtype == description.spectrometer.dtype == dtype


def test_nothing_is_exposed_to_find_out(fake):
    fake.blank()
    describe(fake.instrument())
    assert "unblank" not in fake.log


def test_an_instrument_with_a_spectrometer_only(fake):
    description = Description.model_validate(describe(Instrument("s", spectrometer=fake)))
    assert description.scanner is None
    assert description.controls == {}
    assert description.largest_frame(10**6) == 16 * 4


def test_largest_frame_is_bounded_by_the_iocs_pixels(fake):
    description = Description.model_validate(describe(fake.instrument()))
    assert description.largest_frame(10**6) == 64 * 64 * 4
    assert description.largest_frame(100) == 100 * 4
