from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stemline.analysis.scalarise import Flags, make_scalariser

ENERGY = 350 + 0.5 * np.arange(400)
BACKGROUND = 400 * (ENERGY / 400) ** -3.0
PEAK = 250 * np.exp(-0.5 * ((ENERGY - 460) / 2.5) ** 2)
INTEGRAL = 250 * 2.5 * np.sqrt(2 * np.pi) / 0.5  # [counts], over all channels of 0.5 eV
CORE_LOSS = {"window": (448, 472), "background": "power_law", "fit_window": (380, 440)}


def test_known_integral_on_a_power_law() -> None:
    result = make_scalariser("integrated_intensity", **CORE_LOSS)(BACKGROUND + PEAK, ENERGY)
    assert result.value == pytest.approx(INTEGRAL, rel=1e-5)
    assert result.flags == Flags.NONE


@pytest.mark.parametrize("normalisation", ["none", "total"])
@pytest.mark.parametrize("gain", [1.0, 7.0])
def test_sigma_is_the_scatter_of_poisson_noise(normalisation: str, gain: float) -> None:
    rng = np.random.default_rng(5)
    scalariser = make_scalariser("integrated_intensity", **CORE_LOSS, gain=gain, normalisation=normalisation)
    truth = scalariser(gain * (BACKGROUND + PEAK), ENERGY).value
    results = [scalariser(gain * rng.poisson(BACKGROUND + PEAK), ENERGY) for _ in range(800)]
    pulls = np.array([(result.value - truth) / result.sigma for result in results])
    assert pulls.std() == pytest.approx(1.0, abs=0.1)
    assert abs(pulls.mean()) < 0.15


def test_part_of_a_channel_counts_in_part() -> None:
    energy = np.arange(10.0)
    result = make_scalariser("integrated_intensity", window=(2.25, 4.0))(np.full(10, 8.0), energy)
    assert result.value == pytest.approx(8 * 1.75)


def test_zero_loss_normalisation_cancels_the_current() -> None:
    energy = np.arange(-5, 30, 0.1)
    spectrum = 1e4 * np.exp(-0.5 * (energy / 0.2) ** 2) + 50 * np.exp(-0.5 * ((energy - 15) / 2) ** 2)
    scalariser = make_scalariser("integrated_intensity", window=(10, 20), normalisation="zero_loss")
    one, two = scalariser(spectrum, energy), scalariser(2 * spectrum, energy)
    assert one.value == pytest.approx(two.value)
    assert one.value == pytest.approx(50 * 2 / (1e4 * 0.2), rel=0.02)
    assert scalariser.unit == ""


def test_alignment_follows_a_drifting_axis() -> None:
    energy = np.arange(-5, 30, 0.1)
    scalariser = make_scalariser("integrated_intensity", window=(14, 15), alignment="zero_loss")

    def at(shift: float) -> float:
        moved = energy - shift
        spectrum = 1e5 * np.exp(-0.5 * (moved / 0.3) ** 2) + 500 * np.exp(-0.5 * ((moved - 15) / 2) ** 2)
        return scalariser(spectrum, energy).value

    assert at(0.73) == pytest.approx(at(0.0), rel=0.01)


def test_titanium_of_measured_strontium_titanate(measured: Callable[[str], dict]) -> None:
    found = measured("DMReader_SpectrumImage_SI-EELS.dm3")
    spectra = np.moveaxis(found["data"], 0, -1)  # energy comes first
    energy = 350 + 0.5 * np.arange(1024)
    scalariser = make_scalariser(
        "integrated_intensity", window=(452, 466), background="power_law", fit_window=(400, 445), gain=10
    )
    results = [scalariser(spectrum, energy) for spectrum in spectra.reshape(-1, 1024)]
    values = np.array([result.value for result in results]).reshape(49, 6)
    assert not any(result.flags for result in results)
    # a layer poor in titanium crosses the field
    assert values[21:27].mean() < 0.3 * values[:18].mean()
    assert np.median([result.sigma for result in results]) < 0.2 * values.std()


@pytest.mark.parametrize("offset", [0.0, 0.23])  # of the recorded axis: the tail's origin is the peak itself
def test_mode_on_the_zero_loss_tail(offset: float) -> None:
    energy = np.arange(-5, 30, 0.05)
    loss = np.maximum(np.abs(energy - offset), 1e-9)
    tail = np.where(loss > 0.5, 1e4 / loss**2, 1e6 * np.exp(-0.5 * (loss / 0.15) ** 2))
    mode = 900 * np.exp(-0.5 * ((energy - offset - 2.0) / 0.25) ** 2)
    scalariser = make_scalariser(
        "integrated_intensity",
        window=(1.2, 2.8),
        background="zero_loss_tail",
        fit_window=(0.7, 1.15),
        alignment="zero_loss",
    )
    result = scalariser(tail + mode, energy)
    assert result.value == pytest.approx(900 * 0.25 * np.sqrt(2 * np.pi) / 0.05, rel=0.03)
    assert result.shift == pytest.approx(-offset, abs=0.01)
