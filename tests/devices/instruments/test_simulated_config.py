import numpy as np
import pytest
from pydantic import ValidationError

from stemline.devices.instruments.protocol import Blanker, Controls, Scanner, Spectrometer
from stemline.devices.instruments.simulated.config import SimulatedConfig, SpecimenConfig

WINDOW = (1.5, 2.5)  # [eV], around the edge modes


def test_it_creates_an_instrument_of_all_parts():
    instrument = SimulatedConfig(shape=(3, 5)).create()
    assert instrument.capabilities == ("controls", "scanner", "spectrometer", "frame_source", "blanker")
    assert isinstance(instrument.controls, Controls)
    assert isinstance(instrument.scanner, Scanner)
    assert isinstance(instrument.spectrometer, Spectrometer)
    assert isinstance(instrument.blanker, Blanker)
    assert instrument.scanner.default_scan.shape == (3, 5)


def test_every_key_is_described():
    for model in (SimulatedConfig, SpecimenConfig):
        for name, field in model.model_fields.items():
            assert field.description or name == "driver", name


@pytest.mark.parametrize(
    "wrong",
    [
        {"beam_curent": 10},
        {"field_of_view": 0},
        {"field_of_view": 300, "specimen": {"extent": 200}},
        {"shape": (0, 64)},
        {"beam_current": float("nan")},
        {"specimen": {"flake_corners": 2}},
        {"drift": (float("inf"), 0)},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        SimulatedConfig.model_validate(wrong)


def test_the_default_specimen_makes_a_meaningful_experiment():
    # What is sought is rare, far from the brightest and steepest places of HAADF, and shows above the noise.
    config = SimulatedConfig()
    truth = config.truth()
    (ny, nx), pixel = config.shape, config.field_of_view / config.shape[1]
    y, x = np.meshgrid(
        (np.arange(ny) - (ny - 1) / 2) * pixel, (np.arange(nx) - (nx - 1) / 2) * pixel, indexing="ij"
    )
    spectra, energy = truth.spectra(y, x), truth.model.axis.values()
    inside = (energy >= WINDOW[0]) & (energy <= WINDOW[1])
    mirror = (energy >= -WINDOW[1]) & (energy <= -WINDOW[0])
    zero_loss = spectra[..., np.abs(energy) <= 0.5].sum(axis=-1)
    scalar = (spectra[..., inside].sum(axis=-1) - spectra[..., mirror].sum(axis=-1)) / zero_loss

    hot = scalar >= 0.95 * scalar.max()
    assert 0.004 < hot.mean() < 0.02

    haadf = truth.haadf(y, x)
    by_chance = np.log(2) / hot.mean()
    for baseline in (haadf, np.hypot(*np.gradient(haadf))):
        first = np.flatnonzero(hot.ravel()[np.argsort(-baseline.ravel(), kind="stable")])[0]
        assert first > by_chance

    electrons = config.efficiency * 50e-12 * 0.02 / 1.602e-19
    sigma = np.sqrt(electrons * spectra[..., inside].sum(axis=-1)) / (electrons * zero_loss)
    assert 0.02 < np.median(sigma) / scalar.std() < 0.06
    assert (haadf == 0).mean() > 0.05  # there is vacuum among the candidates
