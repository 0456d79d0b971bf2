from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stemline.devices.instruments.protocol import Axis, InstrumentError
from stemline.devices.instruments.replay import recording as module
from stemline.devices.instruments.replay.recording import open_recording
from stemline.devices.instruments.replay.vendor_file import Signal, read_signals

SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).parents[5] / "shared" / "data"))
HAADF = np.arange(80, dtype=np.float32).reshape(10, 8)


@pytest.mark.parametrize("order", ["yxe", "eyx", "xye", "xey"])
def test_axes_are_mapped_by_name_and_unit(write: Callable, spectra: np.ndarray, order: str) -> None:
    stored = spectra.transpose(["yxe".index(letter) for letter in order])
    recording = open_recording(write("si.hspy", stored, order), write("haadf.hspy", HAADF, "yx", 1.0))
    np.testing.assert_array_equal(recording.spectra.data, spectra)
    assert recording.spectra.data.dtype == spectra.dtype
    y, x, energy = recording.spectra.axes
    np.testing.assert_allclose(y.values(), np.array([-4, -2, 0, 2, 4]) * 1e-9)
    np.testing.assert_allclose(x.values(), np.array([-3, -1, 1, 3]) * 1e-9)
    np.testing.assert_allclose(energy.values(), 100 + 0.5 * np.arange(16))


def test_survey_is_a_whole_number_of_times_finer(write: Callable, spectra: np.ndarray) -> None:
    recording = open_recording(write("si.hspy", spectra, "yxe"), write("haadf.hspy", HAADF.T, "xy", 1.0))
    assert recording.oversampling == 2
    np.testing.assert_array_equal(recording.survey.data, HAADF)
    np.testing.assert_allclose(recording.survey.axes[1].values(), np.arange(-3.5, 4) * 1e-9)


def test_pixel_size_comes_from_the_configuration_where_the_file_has_no_unit(
    write: Callable, spectra: np.ndarray
) -> None:
    files = write("si.hspy", spectra, "yxe", unit=""), write("haadf.hspy", HAADF, "yx", unit="")
    assert open_recording(*files, pixel_size=0.3e-9).spectra.axes[0].scale == 0.3e-9
    with pytest.raises(InstrumentError, match=r"si.hspy gives no length unit .*set pixel_size"):
        open_recording(*files)


@pytest.mark.parametrize(("step", "unit"), [(2.0, "nm"), (20.0, "Å"), (0.002, "µm")])
def test_length_units(write: Callable, spectra: np.ndarray, step: float, unit: str) -> None:
    files = write("si.hspy", spectra, "yxe", step, unit), write("haadf.hspy", HAADF, "yx", step / 2, unit)
    assert open_recording(*files).spectra.axes[1].scale == pytest.approx(2e-9)
    open_recording(*files, pixel_size=2.0001e-9)
    with pytest.raises(InstrumentError, match="correct pixel_size"):
        open_recording(*files, pixel_size=2.1e-9)


def test_survey_of_another_area_is_refused(write: Callable, spectra: np.ndarray) -> None:
    si = write("si.hspy", spectra, "yxe")
    with pytest.raises(InstrumentError, match="not a whole number of times"):
        open_recording(si, write("haadf.hspy", HAADF[:9], "yx", 1.0))
    with pytest.raises(InstrumentError, match="survey of the same area"):
        open_recording(si, write("haadf.hspy", HAADF, "yx", 5.0))


def test_pixels_that_are_no_squares_are_refused(
    write: Callable, spectra: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    axes = (Axis("y", 5, 0, 1.0, "nm"), Axis("x", 4, 0, 2.0, "nm"), Axis("e", 16, 0, 1.0, "eV"))
    monkeypatch.setattr(module, "read_signals", lambda path: (Signal("si", spectra, axes),))
    with pytest.raises(InstrumentError, match="pixels of 1, 2 nm, not squares"):
        open_recording(Path("si.dm3"))


def test_values_that_are_not_finite_are_refused_with_their_place(
    write: Callable, spectra: np.ndarray
) -> None:
    bad = HAADF.copy()
    bad[3, 5] = np.nan
    with pytest.raises(InstrumentError, match=r"haadf.hspy holds 1 values .* first at \(3, 5\)"):
        open_recording(write("si.hspy", spectra, "yxe"), write("haadf.hspy", bad, "yx", 1.0))


def test_what_holds_no_spectrum_image_says_what_it_holds(write: Callable) -> None:
    path = write("haadf.hspy", HAADF, "yx")
    with pytest.raises(InstrumentError, match="no spectrum image .* it holds 'haadf' .y 10 nm x x 8 nm"):
        open_recording(path, path)


def test_survey_may_lie_in_the_same_file(
    write: Callable, spectra: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [
        write("si.hspy", spectra, "yxe"),
        write("haadf.hspy", HAADF, "yx", 1.0),
        write("bf.hspy", -HAADF, "yx", 1.0),
    ]
    signals = tuple(signal for path in files for signal in read_signals(path))
    monkeypatch.setattr(module, "read_signals", lambda path: signals)
    path = Path("all.emd")
    np.testing.assert_array_equal(open_recording(path, survey_title="bf").survey.data, -HAADF)
    with pytest.raises(InstrumentError, match="2 survey .*name one by its title"):
        open_recording(path)


def test_arrays_are_read_only(write: Callable, spectra: np.ndarray) -> None:
    recording = open_recording(write("si.hspy", spectra, "yxe"), write("haadf.hspy", HAADF, "yx", 1.0))
    with pytest.raises(ValueError, match="read-only"):
        recording.survey.data[0, 0] = 1


def test_measured_spectrum_image_comes_energy_first() -> None:
    digitalmicrograph = pytest.importorskip("rsciio.digitalmicrograph")
    path = SHARED / "DMReader_SpectrumImage_SI-EELS.dm3"
    if not path.is_file():
        pytest.skip(f"measured data {path} is not here: set STEMLINE_SHARED")
    recording = open_recording(path, SHARED / "DMReader_SI-HAADF.dm3", pixel_size=0.15e-9)
    stored = digitalmicrograph.file_reader(str(path))[0]["data"]
    assert stored.shape == (1024, 49, 6)
    assert recording.spectra.data.shape == (49, 6, 1024)
    np.testing.assert_array_equal(recording.spectra.data[31, 4], stored[:, 31, 4])
    assert recording.oversampling == 32
    energy = recording.spectra.axes[2]
    assert (energy.offset, energy.scale) == (350.0, 0.5)
