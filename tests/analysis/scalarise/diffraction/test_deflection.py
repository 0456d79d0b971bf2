import math
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from stemline.analysis.scalarise import Flags, make_scalariser

SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).parents[5] / "shared" / "data"))
MOS2 = SHARED / "mos2_W_VS_48x48x64x64.h5"


def test_the_centre_of_a_displaced_disk(disks):
    pattern = disks.at((0.31, -0.17))
    for component, expected in (("y", 0.31), ("x", -0.17), ("magnitude", math.hypot(0.31, 0.17)), (90, 0.31)):
        result = make_scalariser("deflection", component=component)(pattern, disks.ky, disks.kx)
        assert result.value == pytest.approx(expected, abs=2e-3)
        assert result.flags == Flags.NONE


def test_sigma_is_the_scatter_and_that_of_counting(disks):
    frames = disks.noisy(disks.at((0.3, 0.0), electrons=400), 1500)
    results = disks.reduce(make_scalariser("deflection", component="y"), frames)
    scatter = np.std([one.value for one in results])
    assert np.mean([one.sigma for one in results]) == pytest.approx(scatter, rel=0.05)
    assert scatter == pytest.approx(1.0 / 2 / math.sqrt(400), rel=0.05)  # alpha / 2 / sqrt(N)


def test_gain_and_read_noise_are_in_sigma(disks):
    frames = 7 * disks.noisy(disks.at((0.0, 0.0), electrons=400), 600)
    frames = frames + np.random.default_rng(1).normal(0, 2, frames.shape)
    results = disks.reduce(make_scalariser("deflection", component="x", gain=7, read_noise=2), frames)
    assert np.mean([one.sigma for one in results]) == pytest.approx(
        np.std([o.value for o in results]), rel=0.1
    )


def test_the_square_of_the_magnitude_is_without_bias(disks):
    frames = disks.noisy(disks.at((0.15, 0.0), electrons=100), 1000)  # three sigmas
    results = disks.reduce(make_scalariser("deflection"), frames)
    magnitude = np.array([one.value for one in results])
    assert np.mean(magnitude**2) == pytest.approx(0.15**2, rel=0.04)
    assert np.mean(magnitude**2) + 2 * 0.05**2 > 1.2 * 0.15**2  # what noise would have made of it
    assert np.mean([one.sigma for one in results]) == pytest.approx(0.05, rel=0.05)


def test_a_map_of_multislice_deflections_at_a_hundred_electrons():
    if not MOS2.is_file():
        pytest.skip(f"{MOS2} is not here: set STEMLINE_SHARED")
    with h5py.File(MOS2) as file:
        cube = file["datacube"][::4, ::4].astype(float).reshape(-1, 64, 64)
    axis = (np.arange(64) - 32) * 1.8953229
    scalarise = make_scalariser("deflection")
    true = np.array([scalarise(1e9 * pattern, axis, axis).value for pattern in cube])
    noisy = np.random.default_rng(0).poisson(100 * np.tile(cube, (4, 1, 1)))
    results = [scalarise(pattern, axis, axis) for pattern in noisy]
    assert np.mean([one.sigma for one in results]) == pytest.approx(15 / 10, rel=0.03)  # [mrad], 15 / sqrt(N)
    assert np.mean([one.value for one in results]) == pytest.approx(true.mean(), rel=0.1)
    assert np.hypot(true, 1.5 * math.sqrt(2)).mean() > 1.7 * true.mean()  # the raw magnitude


def test_far_electrons_are_left_out_by_a_radius(disks):
    pattern = disks.at((0.2, 0.0))
    pattern[0, 0] = 1e4
    near = make_scalariser("deflection", component="y", radius=1.5)
    assert near(pattern, disks.ky, disks.kx).value == pytest.approx(0.2, abs=2e-3)
    with pytest.raises(ValueError, match="looks 5 mrad far, but ky has -3.95"):
        make_scalariser("deflection", radius=5.0).check_axis(disks.ky, disks.kx)


def test_unusable_pixels_are_left_out(disks):
    pattern = disks.at((0.0, 0.0))
    pattern[39:41, 39:41] = np.nan
    result = make_scalariser("deflection", component="y")(pattern, disks.ky, disks.kx)
    assert result.value == pytest.approx(0, abs=1e-6)


def test_what_can_not_be_trusted_is_flagged(disks):
    scalarise = make_scalariser("deflection", saturation=100)
    assert scalarise(np.zeros((80, 80)), disks.ky, disks.kx).flags == Flags.TOO_FEW_COUNTS | Flags.FIT_FAILED
    full = disks.at((0.0, 0.0))
    full[40, 40] = 100
    assert scalarise(full, disks.ky, disks.kx).flags == Flags.SATURATED


def test_the_field_is_against_the_deflection_and_of_its_size(disks):
    # 80 kV: interaction constant 0.010087 rad / (V nm), wavelength 4.1757 pm (E. J. Kirkland).
    volts = 0.2e-3 / (0.010087 * 4.1757e-3 / (2 * math.pi))
    scalarise = make_scalariser("electric_field", beam_energy=80e3, thickness=50, component="y")
    assert scalarise.unit == "V/nm"
    found = scalarise(disks.at((0.2, 0.0)), disks.ky, disks.kx).value
    assert found == pytest.approx(-volts / 50, rel=0.01)
    projected = make_scalariser("electric_field", beam_energy=80e3)
    assert projected.unit == "V"
    assert projected(disks.at((0.2, 0.0)), disks.ky, disks.kx).value == pytest.approx(volts, rel=0.01)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"component": "z"}, "component = 'z': use magnitude, y, x"),
        ({"radius": -1}, "radius = -1 mrad holds nothing"),
        ({"radius": "wide"}, "radius = 'wide' is no number"),
        ({"centre": [1]}, r"centre = \[1\] is no position"),
        ({"gain": 0}, "gain = 0 is impossible"),
        ({"window": [1, 2]}, "deflection has no parameter 'window'"),
    ],
)
def test_impossible_parameters_are_refused_in_a_line(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_scalariser("deflection", **parameters)


def test_parameters_make_the_same_scalariser():
    scalarise = make_scalariser("deflection", component=30.0, radius=2.0, centre=[0.1, 0.2])
    assert make_scalariser(**scalarise.parameters()) == scalarise
