import threading

import numpy as np
import pytest

from stemline.devices.instruments.protocol import Aborted, InstrumentError, ScanRequest
from stemline.devices.instruments.simulated import controls
from stemline.devices.instruments.simulated.config import SimulatedConfig, SpecimenConfig

SMALL = {"specimen": SpecimenConfig(extent=200.0, particles=20), "shape": (24, 32), "real_time": False}


def make(**changes):
    instrument = SimulatedConfig(**{**SMALL, **changes}).create()
    instrument.blanker.unblank()
    return instrument


def image(instrument, **changes):
    request = instrument.scanner.default_scan
    fields = {
        "shape": request.shape,
        "field_of_view": request.field_of_view,
        "rotation": 0.0,
        "dwell_time": 1e-4,
    }
    return instrument.scanner.scan(ScanRequest(**{**fields, **changes}))["HAADF"]


@pytest.fixture(scope="module")
def truth():
    return SimulatedConfig(**SMALL).truth()


def test_the_same_seed_counts_the_same():
    one, same, other = make(), make(), make(seed=1)
    frames = [image(instrument).data for instrument in (one, same, other)]
    spectra = [instrument.spectrometer.expose(0.01).data for instrument in (one, same, other)]
    for first, second, third in (frames, spectra):
        np.testing.assert_array_equal(first, second)
        assert not np.array_equal(first, third)
        assert first.dtype == np.uint32


def test_a_blanked_beam_counts_nothing():
    instrument = make()
    instrument.blanker.blank()
    assert not image(instrument).data.any()
    assert not instrument.spectrometer.expose(0.1).data.any()
    assert not instrument.scanner.dwell(0.1)["HAADF"].data.any()
    assert instrument.blanker.on_time == 0


def test_the_beams_time_is_counted():
    instrument = make()
    image(instrument)
    instrument.spectrometer.expose(0.5)
    instrument.blanker.blank()
    instrument.spectrometer.expose(0.5)
    assert instrument.blanker.on_time == pytest.approx(24 * 32 * 1e-4 + 0.5)


def test_counts_are_those_of_the_truth(truth):
    instrument = make()
    frame = image(instrument, dwell_time=1e-2)
    y, x = np.meshgrid(*(axis.values() * 1e9 for axis in frame.axes), indexing="ij")
    expected = truth.haadf(y, x) * 50e-12 * 1e-2 / 1.602177e-19
    deviation = (frame.data - expected) / np.sqrt(np.maximum(expected, 1))
    assert np.sqrt((deviation**2).mean()) == pytest.approx(1, abs=0.15)
    instrument.scanner.move(10e-9, -30e-9)
    spectrum = instrument.spectrometer.expose(0.1).data
    expected = 0.1 * truth.spectra(np.array([10.0]), np.array([-30.0]))[0] * 50e-12 * 0.1 / 1.602177e-19
    deviation = (spectrum - expected) / np.sqrt(np.maximum(expected, 1))
    assert np.sqrt((deviation**2).mean()) == pytest.approx(1, abs=0.15)


def test_counts_go_with_current_and_dwell():
    instrument = make()
    before = float(instrument.spectrometer.expose(0.02).data.sum())
    instrument.controls.set("beam_current", 100e-12)
    assert float(instrument.spectrometer.expose(0.02).data.sum()) == pytest.approx(2 * before, rel=0.01)
    assert float(instrument.spectrometer.expose(0.04).data.sum()) == pytest.approx(4 * before, rel=0.01)


def test_a_full_channel_reads_saturation():
    instrument = make(saturation=1000)
    assert instrument.spectrometer.saturation == 1000
    assert instrument.spectrometer.expose(0.1).data.max() == 1000


def test_a_scan_turned_by_90_degrees_turns_the_image():
    # The scan turns anticlockwise, so that the specimen in the image turns clockwise.
    instrument = make(shape=(32, 32))
    straight, turned = (
        image(instrument, dwell_time=0.1),
        image(instrument, dwell_time=0.1, rotation=np.pi / 2),
    )
    expected = np.rot90(straight.data.astype(float), -1)
    assert np.corrcoef(turned.data.ravel(), expected.ravel())[0, 1] > 0.99


def test_stage_moves_the_specimen_under_the_beam():
    instrument = make()
    pixel = instrument.scanner.default_scan.field_of_view / 32
    before = image(instrument, dwell_time=0.1).data.astype(float)
    instrument.controls.set("stage_x", 3 * pixel)
    instrument.controls.set("stage_y", -2 * pixel)
    after = image(instrument, dwell_time=0.1).data.astype(float)
    assert np.corrcoef(after[:-2, 3:].ravel(), before[2:, :-3].ravel())[0, 1] > 0.99


def test_drift_moves_it_too():
    instrument = make(drift=(0.0, 1.0))
    pixel = instrument.scanner.default_scan.field_of_view / 32
    first = image(instrument).data.astype(float)
    for _ in range(4):
        instrument.spectrometer.expose(pixel * 1e9)  # one pixel further
    last = image(instrument).data.astype(float)
    assert np.corrcoef(last[:, 4:].ravel(), first[:, :-4].ravel())[0, 1] > 0.95
    assert np.corrcoef(last.ravel(), first.ravel())[0, 1] < 0.95


def test_defocus_blurs_and_height_is_defocus():
    instrument = make()
    sharp = np.abs(np.diff(image(instrument, dwell_time=0.1).data.astype(float))).mean()
    instrument.controls.set("stage_z", 2e-6)
    assert np.abs(np.diff(image(instrument, dwell_time=0.1).data.astype(float))).mean() < 0.7 * sharp
    instrument.controls.set("defocus", -2e-6)
    again = np.abs(np.diff(image(instrument, dwell_time=0.1).data.astype(float))).mean()
    assert again == pytest.approx(sharp, rel=0.02)


def test_the_spot_and_the_spectrum_are_where_the_probe_stands():
    instrument = make()
    frame = image(instrument, dwell_time=0.1)
    iy, ix = np.unravel_index(frame.data.argmax(), frame.data.shape)
    instrument.scanner.move(frame.axes[0].values()[iy], frame.axes[1].values()[ix])
    spot = instrument.scanner.dwell(0.1)["HAADF"]
    assert float(spot.data[0, 0]) == pytest.approx(float(frame.data[iy, ix]), rel=0.01)
    assert [axis.offset for axis in spot.axes] == [frame.axes[0].values()[iy], frame.axes[1].values()[ix]]


def test_a_move_refused_or_out_of_reach_leaves_the_probe():
    instrument = make()
    instrument.scanner.move(10e-9, 20e-9)
    with pytest.raises(InstrumentError, match=r"probe y = 61 nm is outside .* stay within -60 to 60 nm"):
        instrument.scanner.move(61e-9, 0.0)
    assert instrument.scanner.dwell(1e-3)["HAADF"].axes[0].offset == 10e-9


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("beam_energy", 80e3, "can't be set"),
        ("stage_x", 2e-6, "beyond the limits"),
        ("defocus", float("nan"), "beyond the limits"),
        ("camera_length", 0.1, "no control"),
    ],
)
def test_settings_that_are_refused(name, value, message):
    instrument = make()
    before = instrument.controls.state()
    with pytest.raises(InstrumentError, match=message):
        instrument.controls.set(name, value)
    assert instrument.controls.state() is before


def test_an_exposure_cut_by_the_blanker_has_part_of_the_electrons():
    instrument = make(real_time=True)
    threading.Timer(0.1, instrument.blanker.blank).start()
    part = float(instrument.spectrometer.expose(0.3).data.sum())
    on_time = instrument.blanker.on_time
    instrument.blanker.unblank()
    full = float(instrument.spectrometer.expose(0.3).data.sum())
    assert 0 < part < 0.99 * full
    assert part / full == pytest.approx(on_time / 0.3, rel=0.1)


def test_abort_ends_a_setting_where_it_was(monkeypatch):
    monkeypatch.setattr(controls, "STAGE_SETTLING", 60.0)
    instrument = make(real_time=True)
    threading.Timer(0.05, instrument.controls.abort).start()
    with pytest.raises(Aborted):
        instrument.controls.set("stage_x", 1e-7)
    assert instrument.controls.state().values["stage_x"].readback == 0
