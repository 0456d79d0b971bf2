import os
from pathlib import Path

import numpy as np
import pytest

from stemline.twin.eels import EnergyAxis, drude, low_loss, mean_free_path, zero_loss
from stemline.twin.material import CARBON, GOLD, SILVER, Plasmon

SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).parents[3] / "shared" / "data"))
AXIS = EnergyAxis()
ENERGY = AXIS.values()


ALUMINIUM = Plasmon(15.0, 0.5)


def spectrum(mean, plasmon=ALUMINIUM):
    return low_loss(AXIS, 0.2, [[plasmon]], []).spectra(np.array([[mean]]))[0]


def share(spectrum, low, high):
    return spectrum[(low <= ENERGY) & (high > ENERGY)].sum()


def test_mean_free_path_of_aluminium_at_200_kv():
    # 134 nm measured: K. Iakoubovskii et al., Microsc. Res. Tech. 71, 626 (2008); Malis' fit is good to 20 %.
    assert mean_free_path(13, 200e3, 20.0) == pytest.approx(134, rel=0.2)


def test_mean_free_path_falls_with_angle_and_z_and_grows_with_energy():
    assert mean_free_path(13, 200e3, 40.0) < mean_free_path(13, 200e3, 20.0) < mean_free_path(6, 200e3, 20.0)
    assert mean_free_path(13, 80e3, 20.0) < mean_free_path(13, 200e3, 20.0)


def test_zero_loss_peak_has_its_width_and_one_electron():
    energy = np.arange(-100, 100, 0.001)
    peak = zero_loss(energy, 0.2)
    assert peak.sum() * 0.001 == pytest.approx(1, abs=1e-4)
    assert (peak > peak.max() / 2).sum() * 0.001 == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize("plasmon", [Plasmon(15.0, 0.5), Plasmon(24.0, 13.0), Plasmon(2.0, 0.25)])
def test_drude_is_the_loss_function_of_a_free_electron_gas_and_one_loss(plasmon):
    energy = np.arange(0.005, 2000, 0.01)
    epsilon = 1 - plasmon.energy**2 / (energy * (energy + 1j * plasmon.width))
    loss = np.imag(-1 / epsilon)
    np.testing.assert_allclose(drude(energy, plasmon), loss / loss.sum() / 0.01, rtol=3e-4)
    assert drude(energy, plasmon).sum() * 0.01 == pytest.approx(1, abs=1e-3)
    assert drude(np.array([-1.0]), plasmon) == 0


@pytest.mark.parametrize("material", [CARBON, SILVER, GOLD])
def test_shares_of_a_materials_losses_add_up(material):
    assert sum(plasmon.share for plasmon in material.plasmons) == pytest.approx(1)


@pytest.mark.parametrize("mean", [0.05, 0.3, 1.0])
def test_log_ratio_gives_back_the_thickness(mean):
    # ln(all / zero-loss), on an axis that holds practically all losses.
    axis = EnergyAxis(-10.0, 0.1, 2048)
    recorded = low_loss(axis, 0.3, [[Plasmon(15.0, 2.0)]], []).spectra(np.array([[mean]]))[0]
    energy = axis.values()
    no_loss = low_loss(axis, 0.3, [[Plasmon(15.0, 2.0)]], []).spectra(np.array([[0.0]]))[0]
    window = np.abs(energy) < 3
    zero = recorded[window].sum() / no_loss[window].sum()
    assert np.log(recorded.sum() / no_loss.sum() / zero) == pytest.approx(mean, abs=0.01)


@pytest.mark.parametrize("mean", [0.4, 1.2])
def test_plural_scattering_is_poisson(mean):
    recorded, none = spectrum(mean, Plasmon(15.0, 0.2)), spectrum(0.0)
    orders = [share(recorded, 15 * n - 5, 15 * n + 5) for n in range(1, 3)]
    expected = [np.exp(-mean) * mean, np.exp(-mean) * mean**2 / 2]
    np.testing.assert_allclose(orders, expected, rtol=0.05)
    assert share(recorded, -0.5, 0.5) / share(none, -0.5, 0.5) == pytest.approx(np.exp(-mean), rel=6e-3)


def test_what_is_lost_beyond_the_axis_does_not_come_back():
    # Four losses of 25.2 eV, 20 % of the electrons, would come back to 0 eV after 102.4 eV.
    recorded = spectrum(4.0, Plasmon(25.2, 0.2))
    assert share(recorded, -5, 5) == pytest.approx(np.exp(-4.0) * share(spectrum(0.0), -5, 5), rel=1e-2)


def test_the_zero_loss_peak_is_at_zero_on_any_axis():
    for offset, dispersion in ((-5.0, 0.05), (-3.33, 0.0201), (0.0, 0.1), (-20.03, 0.3)):
        axis = EnergyAxis(offset, dispersion, 512)
        found = low_loss(axis, 0.6, [], []).spectra(np.zeros((1, 0)))[0]
        assert abs(axis.values()[found.argmax()]) <= dispersion / 2 + 1e-9


def test_shape_of_the_measured_aluminium_plasmon():
    path = SHARED / "AL-DFoffset0.00.dm3"
    if not path.exists():
        pytest.skip("the measured aluminium spectrum is not here; set STEMLINE_SHARED")
    reader = pytest.importorskip("rsciio.digitalmicrograph")
    found = reader.file_reader(str(path))[0]
    measured, scale = found["data"].astype(float), float(found["axes"][0]["scale"])
    axis = EnergyAxis(-scale * int(measured.argmax()), scale, measured.size)
    energy = axis.values()
    mean = np.log(measured.sum() / measured[np.abs(energy) < 1.5].sum())
    model = low_loss(axis, 0.16, [[Plasmon(15.03, 0.6)]], []).spectra(np.array([[mean]]))[0]
    peak = (energy > 12) & (energy < 18)
    assert np.corrcoef(model[peak], measured[peak])[0, 1] > 0.995
