import math

import numpy as np
import pytest

from stemline.twin.eels import EnergyAxis
from stemline.twin.specimen import Design, grow
from stemline.twin.truth import Optics, ground

AXIS = EnergyAxis()
ENERGY = AXIS.values()
SPECIMEN = grow(Design(extent=240.0, particles=20), np.random.default_rng(0))


@pytest.fixture(scope="module")
def grounded():
    return ground(SPECIMEN)


@pytest.fixture(scope="module")
def truth(grounded):
    return grounded.under(Optics(), AXIS, 0.2)


def line(length=200.0, count=41):
    along = np.linspace(-length / 2, length / 2, count)
    return along, np.zeros(count)


def window(spectra, low, high):
    return spectra[..., (low <= ENERGY) & (high >= ENERGY)].sum(axis=-1)


def test_shapes_follow_the_positions(truth):
    y, x = np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij")
    assert truth.haadf(y, x).shape == (3, 4)
    assert truth.spectra(y, x).shape == (3, 4, AXIS.channels)
    np.testing.assert_allclose(truth.spectra(y, x)[2, 1], truth.spectra(y[2:, 1], x[2:, 1])[0])


def test_no_electron_is_made(truth):
    total = truth.spectra(*line()).sum(axis=-1)
    assert np.all(total < 1 + 1e-3)
    assert np.all(total > 0.5)


def test_vacuum_has_a_zero_loss_peak_and_a_far_edge(truth):
    hole_y, hole_x, _ = SPECIMEN.hole
    spectrum = truth.spectra(np.array([hole_y]), np.array([hole_x]))[0]
    assert truth.haadf(np.array([hole_y]), np.array([hole_x]))[0] == 0
    assert window(spectrum, -0.5, 0.5) > 0.9
    assert window(spectrum, 15, 40) < 2e-3


def test_the_edge_mode_is_seen_in_vacuum_beside_the_flake(truth):
    start, end = SPECIMEN.flake.sides[SPECIMEN.flake.lengths.argmax()]
    normal = np.array([end[1] - start[1], start[0] - end[0]]) / np.hypot(*(end - start))
    if SPECIMEN.flake.contains(*((start + end) / 2 + normal)):
        normal = -normal
    offsets = np.array([5.0, 25.0, 100.0])
    y, x = (start + offsets[:, None] * normal).T
    near, reached, far = truth.losses(y, x)[:, 3:].sum(axis=1)
    assert near > reached > 0.1 * near
    assert far < 0.1 * near


def test_the_truth_is_no_function_of_the_local_patch_alone(truth):
    # Both ends of a side look alike nearby; what they lose to its waves depends on the whole side.
    flake = SPECIMEN.flake
    corners = flake.corners + 4 * (flake.corners - flake.corners.mean(axis=0)) / 100
    at_corners = truth.losses(*corners.T)[:, 3:].sum(axis=1)
    lengths = flake.lengths + np.roll(flake.lengths, 1)
    in_window = window(truth.spectra(*corners.T), 1.6, 2.4)
    assert np.ptp(at_corners) > 0.03 * at_corners.max()
    assert in_window[lengths.argmax()] != pytest.approx(in_window[lengths.argmin()], rel=0.05)


def test_defocus_blurs_the_image_and_the_loss_map(truth, grounded):
    blurred = grounded.under(Optics(defocus=1500.0), AXIS, 0.2)
    y, x = line(200, 401)
    assert np.abs(np.diff(blurred.haadf(y, x))).max() < 0.3 * np.abs(np.diff(truth.haadf(y, x))).max()
    sharp, soft = (one.losses(y, x)[:, 3:].sum(axis=1) for one in (truth, blurred))
    assert soft.max() < sharp.max()
    assert soft.mean() == pytest.approx(sharp.mean(), rel=0.1)


def test_tilt_lengthens_the_path(truth, grounded):
    tilted = grounded.under(Optics(tilt=(math.radians(60) * 1e3, 0.0)), AXIS, 0.2)
    centre = SPECIMEN.flake.corners.mean(axis=0)[:, None]
    np.testing.assert_allclose(tilted.losses(*centre)[:, :3], 2 * truth.losses(*centre)[:, :3])


def test_a_smaller_entrance_sees_fewer_losses(truth, grounded):
    small = grounded.under(Optics(collection_angle=5.0), AXIS, 0.2)
    centre = SPECIMEN.flake.corners.mean(axis=0)[:, None]
    assert small.losses(*centre)[0, 1] < truth.losses(*centre)[0, 1]
