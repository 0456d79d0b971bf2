from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from stemline.devices.instruments.protocol import Instrument, InstrumentError, Spectrometer


@pytest.fixture(autouse=True)
def _has_a_spectrometer(shared_instrument: Instrument) -> None:
    if shared_instrument.spectrometer is None:
        pytest.skip(f"{shared_instrument.name} has no spectrometer")


@pytest.fixture
def spectrometer(instrument: Instrument) -> Spectrometer:
    assert isinstance(instrument.spectrometer, Spectrometer)
    return instrument.spectrometer


def exposure(spectrometer: Spectrometer) -> float:
    """An exposure [s] that the spectrometer accepts, short where it can be."""
    low, high = spectrometer.dwell_time
    return min(max(low, 1e-3), high)


def test_axis_is_an_energy_loss(spectrometer: Spectrometer) -> None:
    axis = spectrometer.energy_axis
    assert (axis.name, axis.unit) == ("energy", "eV")
    assert axis.size > 1
    assert axis.scale > 0


def test_a_spectrum_is_on_the_axis(spectrometer: Spectrometer) -> None:
    before = time.time()
    spectrum = spectrometer.expose(exposure(spectrometer))
    assert spectrum.axes == (spectrometer.energy_axis,)
    assert spectrum.data.shape == (spectrometer.energy_axis.size,)
    assert np.isfinite(spectrum.data).all()
    assert spectrum.data.max() <= spectrometer.saturation
    assert before - 1 <= spectrum.timestamp <= time.time() + 1


def test_the_whole_field_has_spectra_of_one_type(instrument: Instrument) -> None:
    scanner, spectrometer = instrument.scanner, instrument.spectrometer
    assert scanner is not None
    assert spectrometer is not None
    request = scanner.default_scan
    scanner.configure(request)
    found = set()
    for x in (-0.4, 0.0, 0.4):
        scanner.move(0.0, x * request.field_of_view)
        found.add(spectrometer.expose(exposure(spectrometer)).data.dtype)
    assert len(found) == 1


@pytest.mark.parametrize("dwell_time", [0.0, -1.0, math.nan, math.inf, 1e9])
def test_exposures_beyond_the_limits_are_refused_in_one_line(
    spectrometer: Spectrometer, dwell_time: float
) -> None:
    with pytest.raises(InstrumentError) as error:
        spectrometer.expose(dwell_time)
    assert "\n" not in str(error.value)
    assert spectrometer.expose(exposure(spectrometer)).data.size == spectrometer.energy_axis.size


def test_abort_ends_an_exposure_and_the_next_one_works(
    make: Callable[[bool], Instrument], ends_when_aborted: Callable
) -> None:
    spectrometer = make(True).spectrometer
    assert spectrometer is not None
    long = min(20.0, spectrometer.dwell_time[1])
    ends_when_aborted(lambda: spectrometer.expose(long), spectrometer.abort)
    assert spectrometer.expose(exposure(spectrometer)).data.size == spectrometer.energy_axis.size


def test_abort_of_the_instrument_blanks_and_ends_the_exposure(
    make: Callable[[bool], Instrument], ends_when_aborted: Callable
) -> None:
    instrument = make(True)
    spectrometer = instrument.spectrometer
    assert spectrometer is not None
    assert instrument.blanker is not None
    ends_when_aborted(lambda: spectrometer.expose(min(20.0, spectrometer.dwell_time[1])), instrument.abort)
    assert instrument.blanker.blanked


def test_abort_of_nothing_spares_the_next_exposure(spectrometer: Spectrometer) -> None:
    spectrometer.abort()
    assert spectrometer.expose(exposure(spectrometer)).data.size == spectrometer.energy_axis.size


def test_values_are_frozen(spectrometer: Spectrometer) -> None:
    with pytest.raises(FrozenInstanceError):
        spectrometer.expose(exposure(spectrometer)).data = np.zeros(1)  # type: ignore[misc]
