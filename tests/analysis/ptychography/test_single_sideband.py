"""Against wave optics computed here, and a multislice simulation that is not ours (abTEM)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from stemline.analysis.ptychography import single_sideband

WAVELENGTH, SEMI_ANGLE, STEP = 4.1757e-3, 30.0, 0.025  # [nm] at 80 kV, [mrad], [nm]
SIDE = 32
SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).resolve().parents[4] / "shared"))
CUBE = SHARED / "data" / "mos2_W_VS_48x48x64x64.h5"


def frequencies() -> np.ndarray:
    """Angles of the discrete Fourier transform [mrad]."""
    return 1e3 * WAVELENGTH * np.fft.fftfreq(SIDE, STEP)


def transferred(phase: np.ndarray) -> np.ndarray:
    """What is left of it up to twice the semi-angle, less what the pixels are too coarse for."""
    q = frequencies()
    spectrum = np.fft.fft2(phase)
    spectrum[np.hypot(q[:, None], q) >= 2 * SEMI_ANGLE - 1.5 * q[1]] = 0
    spectrum[0, 0] = 0
    return np.fft.ifft2(spectrum).real


@pytest.fixture(scope="module")
def scan() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A random phase; its patterns, one probe position after another; the pixels' angles."""
    rng = np.random.default_rng(1)
    phase = 0.02 * rng.standard_normal((SIDE, SIDE))
    q = frequencies()
    aperture = (np.hypot(q[:, None], q) < SEMI_ANGLE).astype(complex)
    patterns = np.empty((SIDE, SIDE, SIDE, SIDE))
    for y in range(SIDE):
        for x in range(SIDE):
            probe = np.roll(np.fft.ifft2(aperture), (y, x), axis=(0, 1))
            patterns[y, x] = np.abs(np.fft.fft2(probe * np.exp(1j * phase))) ** 2
    angles = np.stack(np.meshgrid(q, q, indexing="ij"), axis=-1).reshape(-1, 2)
    return phase, patterns.reshape(SIDE, SIDE, -1), angles


def test_phase_and_scale_of_a_weak_phase_object(scan):
    phase, patterns, angles = scan
    found = single_sideband(patterns, angles, STEP, WAVELENGTH, SEMI_ANGLE)
    found, expected = transferred(found), transferred(phase)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99
    assert found.std() == pytest.approx(expected.std(), rel=0.02)


def test_damping_helps_where_electrons_are_few(scan):
    phase, patterns, angles = scan
    counted = np.random.default_rng(2).poisson(10_000 * patterns / patterns.sum(axis=-1, keepdims=True))
    expected = transferred(phase).ravel()
    r = [
        np.corrcoef(
            single_sideband(counted, angles, STEP, WAVELENGTH, SEMI_ANGLE, damping).ravel(), expected
        )[0, 1]
        for damping in (0.0, 0.3)
    ]
    assert r[0] + 0.1 < r[1] < 1


def test_a_pixel_outside_the_disk_does_not_count(scan):
    _, patterns, angles = scan
    outside = np.hypot(*angles.T) >= SEMI_ANGLE
    spoilt = np.where(outside, 1e6, patterns)
    np.testing.assert_array_equal(
        single_sideband(spoilt, angles, STEP, WAVELENGTH, SEMI_ANGLE),
        single_sideband(patterns, angles, STEP, WAVELENGTH, SEMI_ANGLE),
    )


@pytest.mark.parametrize(
    ("angles", "expected"),
    [(np.zeros((3, 2)), "angles of shape"), (np.full((4, 2), 99.0), "check the calibration")],
)
def test_bad_input_is_one_line(angles, expected):
    with pytest.raises(ValueError, match=expected):
        single_sideband(np.ones((2, 2, 4)), angles, STEP, WAVELENGTH, SEMI_ANGLE)


@pytest.mark.skipif(not CUBE.exists(), reason="the simulated MoS2 cube is not here")
def test_it_shows_the_projected_potential_of_a_multislice_simulation():
    with h5py.File(CUBE) as file:
        cube, potential = file["datacube"][:], file["potential_projected"][:]
        cell, start = np.diag(file["atoms/cell"][:]), file["scan_start_A"][:]
        pitch = json.loads(file.attrs["params"])["angular_sampling_mrad"][0]
    side, pixels = len(cube), cube.shape[-1]
    k = (np.arange(pixels) - pixels // 2) * pitch
    angles = np.stack(np.meshgrid(k, k, indexing="ij"), axis=-1).reshape(-1, 2)
    found = single_sideband(cube.reshape(side, side, -1), angles, STEP, WAVELENGTH, SEMI_ANGLE)

    where = [(start[i] + 0.25 * np.arange(side)) / cell[i] * len(potential) for i in range(2)]
    passed = map_coordinates(potential, np.meshgrid(*where, indexing="ij"), order=1, mode="wrap")
    q = 1e3 * WAVELENGTH * np.fft.fftfreq(side, STEP)
    seen = np.fft.ifft2(np.where(np.hypot(q[:, None], q) < 55, np.fft.fft2(passed), 0)).real
    assert np.corrcoef(found.ravel(), seen.ravel())[0, 1] > 0.94
