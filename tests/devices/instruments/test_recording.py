import threading
from dataclasses import replace

import numpy as np
import pytest

from stemline.devices.instruments.protocol import Aborted, Instrument, InstrumentError
from stemline.devices.instruments.recording import record
from stemline.devices.instruments.simulated.config import SimulatedConfig, SpecimenConfig

CONFIG = SimulatedConfig(specimen=SpecimenConfig(extent=200, particles=10), shape=(4, 6), real_time=False)


@pytest.fixture(scope="module")
def instrument():
    return CONFIG.create()


def test_rosettasciio_reads_both_signals_with_their_axes(instrument, tmp_path):
    reader = pytest.importorskip("rsciio.hspy")
    path = record(instrument, tmp_path / "one.hspy", dwell_time=0.01)
    signals = {found["metadata"]["General"]["title"]: found for found in reader.file_reader(str(path))}
    survey, spectra = signals["HAADF"], signals["EELS"]
    assert survey["data"].shape == (4, 6)
    assert spectra["data"].shape == (4, 6, 1024)
    assert spectra["data"].dtype == np.uint32
    described = [(a["name"], a["units"], a["navigate"]) for a in spectra["axes"]]
    assert described == [("y", "nm", True), ("x", "nm", True), ("energy", "eV", False)]
    pixel = 160 / 6
    expected = [(-1.5 * pixel, pixel), (-2.5 * pixel, pixel), (-5.0, 0.05)]
    np.testing.assert_allclose([(a["offset"], a["scale"]) for a in spectra["axes"]], expected)
    assert [(a["units"], a["navigate"]) for a in survey["axes"]] == [("nm", False)] * 2
    microscope = spectra["metadata"]["Acquisition_instrument"]["TEM"]
    assert microscope["beam_energy"] == pytest.approx(80)  # [keV]
    assert microscope["Detector"]["EELS"]["dwell_time"] == 0.01


def test_each_spectrum_is_that_of_its_position(tmp_path):
    reader = pytest.importorskip("rsciio.hspy")
    path = record(CONFIG.create(), tmp_path / "two.hspy", dwell_time=1.0)
    spectra = next(s for s in reader.file_reader(str(path)) if s["data"].ndim == 3)
    y, x = np.meshgrid(
        *(a["offset"] + a["scale"] * np.arange(a["size"]) for a in spectra["axes"][:2]), indexing="ij"
    )
    truth = CONFIG.truth().spectra(y, x)[..., 300:].sum(axis=-1)
    measured = spectra["data"][..., 300:].sum(axis=-1)
    assert np.corrcoef(measured.ravel(), truth.ravel())[0, 1] > 0.999


def test_the_beam_is_on_for_the_exposures_only(tmp_path):
    instrument = CONFIG.create()
    record(instrument, tmp_path / "three.hspy", shape=(2, 3), dwell_time=0.5)
    assert instrument.blanker.blanked
    assert instrument.blanker.on_time == pytest.approx(6 * 0.5 + 6 * CONFIG.dwell_time)


def test_progress_is_told(instrument, tmp_path):
    told = []
    record(instrument, tmp_path / "four.hspy", shape=(2, 2), progress=lambda *done: told.append(done))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_an_aborted_recording_leaves_no_file_and_a_blanked_beam(tmp_path):
    instrument = CONFIG.model_copy(update={"real_time": True}).create()
    threading.Timer(0.1, instrument.abort).start()
    with pytest.raises(Aborted):
        record(instrument, tmp_path / "five.hspy", dwell_time=10.0)
    assert list(tmp_path.iterdir()) == []
    assert instrument.blanker.blanked


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.h5", "change the suffix"), ("nowhere/a.hspy", "no folder"), ("there.hspy", "exists")],
)
def test_a_file_that_can_not_be_written_is_refused_before_the_beam_is_on(instrument, tmp_path, name, message):
    (tmp_path / "there.hspy").touch()
    before = instrument.blanker.on_time
    with pytest.raises(InstrumentError, match=message):
        record(instrument, tmp_path / name)
    assert instrument.blanker.on_time == before


def test_an_instrument_without_a_spectrometer_is_refused(instrument, tmp_path):
    survey_only: Instrument = replace(instrument, spectrometer=None)
    with pytest.raises(InstrumentError, match="lacks a scanner or a spectrometer"):
        record(survey_only, tmp_path / "six.hspy")


def test_a_field_of_view_of_zero_is_refused(instrument, tmp_path):
    with pytest.raises(InstrumentError, match="field of view 0 nm is beyond the limits"):
        record(instrument, tmp_path / "seven.hspy", field_of_view=0.0)
    assert list(tmp_path.iterdir()) == []
