from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from stemline.devices.instruments.protocol import Instrument, InstrumentError
from stemline.devices.instruments.replay.config import ReplayConfig

HAADF = np.arange(80, dtype=np.float32).reshape(10, 8)


@pytest.fixture
def config(write: Callable, spectra: np.ndarray) -> ReplayConfig:
    return ReplayConfig(
        spectrum_image=write("si.hspy", spectra, "yxe"), survey=write("haadf.hspy", HAADF, "yx", 1.0)
    )


@pytest.fixture
def instrument(config: ReplayConfig) -> Instrument:
    return config.create()


def test_every_position_gives_its_recorded_spectrum_bit_for_bit(
    instrument: Instrument, spectra: np.ndarray
) -> None:
    assert instrument.scanner is not None
    assert instrument.spectrometer is not None
    for iy in range(5):
        for ix in range(4):
            # off the centre by less than half a pixel: the same pixel, nothing interpolated
            instrument.scanner.move((iy - 2) * 2e-9 + 0.9e-9, (ix - 1.5) * 2e-9 - 0.9e-9)
            spectrum = instrument.spectrometer.expose(0.1)
            np.testing.assert_array_equal(spectrum.data, spectra[iy, ix])
            assert spectrum.data.dtype == spectra.dtype


def test_the_scan_is_the_recorded_survey_and_no_other(instrument: Instrument) -> None:
    scanner = instrument.scanner
    assert scanner is not None
    assert scanner.default_scan.shape == (10, 8)
    assert scanner.default_scan.field_of_view == pytest.approx(8e-9)
    np.testing.assert_array_equal(scanner.scan(scanner.default_scan)["HAADF"].data, HAADF)
    for change in ({"shape": (5, 4)}, {"field_of_view": 4e-9}, {"rotation": 0.1}):
        with pytest.raises(InstrumentError, match="was not recorded: ask for 10 x 8 pixels, 8 nm, 0 deg"):
            scanner.scan(replace(scanner.default_scan, **change))


def test_a_dwell_is_the_mean_of_the_survey_over_the_pixel(instrument: Instrument) -> None:
    assert instrument.scanner is not None
    instrument.scanner.move(-4e-9, 3e-9)
    (image,) = instrument.scanner.dwell(0.1).values()
    assert image.data == HAADF[0:2, 6:8].mean()
    assert image.axes[0].values() == pytest.approx(-4e-9)
    assert image.axes[1].values() == pytest.approx(3e-9)


def test_known_exposure_refuses_others(config: ReplayConfig) -> None:
    spectrometer = config.model_copy(update={"exposure": 0.2}).create().spectrometer
    assert spectrometer is not None
    assert spectrometer.expose(0.2).data.size == 16
    with pytest.raises(InstrumentError, match="0.1 s is beyond the limits"):
        spectrometer.expose(0.1)


def test_optics_are_those_of_the_file_unless_configured(config: ReplayConfig) -> None:
    controls = config.model_copy(update={"high_tension": 200.0, "beam_current": 30.0}).create().controls
    assert controls is not None
    values = {name: value.readback for name, value in controls.state().values.items()}
    assert values == pytest.approx({"beam_energy": 200e3, "beam_current": 30e-12, "collection_angle": 48e-3})
    with pytest.raises(InstrumentError, match="change it in the configuration"):
        controls.set("beam_current", 1e-12)


def test_saturation_is_unknown_unless_configured(config: ReplayConfig) -> None:
    for update, expected in (({}, math.inf), ({"saturation": 65535.0}, 65535.0)):
        spectrometer = config.model_copy(update=update).create().spectrometer
        assert spectrometer is not None
        assert spectrometer.saturation == expected


def test_time_unblanked_is_kept(instrument: Instrument) -> None:
    blanker = instrument.blanker
    assert blanker is not None
    assert blanker.blanked
    assert blanker.on_time == 0  # type: ignore[attr-defined]
    blanker.unblank()
    blanker.blank()
    on_time = blanker.on_time  # type: ignore[attr-defined]
    assert on_time > 0
    assert blanker.on_time == on_time  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change", [{"pixel_size": 0}, {"pixel_size": math.nan}, {"survy": "x"}, {"beam_current": -1}]
)
def test_impossible_configurations_are_refused(change: dict) -> None:
    with pytest.raises(ValidationError):
        ReplayConfig(spectrum_image=Path("si.dm3"), **change)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstrumentError, match=r"there is no file .*si.dm3"):
        ReplayConfig(spectrum_image=tmp_path / "si.dm3", pixel_size=1).create()


def test_reader_is_loaded_only_when_a_file_is_opened() -> None:
    code = "import sys, stemline.devices.instruments.replay.config; print('rsciio' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
