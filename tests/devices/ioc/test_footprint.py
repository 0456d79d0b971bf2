import math

import numpy as np
import pytest

from stemline.devices.ioc.footprint import FWHM_PER_SIGMA, Raster, deposit


def brute(raster, fwhm, cell, patch, fine=8):
    """Add up a Gaussian a pixel on a grid eight times finer."""
    sigma = max(fwhm, cell) / FWHM_PER_SIGMA
    ny, nx = patch.share.shape
    y = (patch.row + (np.arange(ny * fine) + 0.5) / fine) * cell
    x = (patch.column + (np.arange(nx * fine) + 0.5) / fine) * cell
    total = np.zeros((y.size, x.size))
    cos, sin = math.cos(raster.rotation), math.sin(raster.rotation)
    for i in range(raster.shape[0]):
        for j in range(raster.shape[1]):
            v = (i - (raster.shape[0] - 1) / 2) * raster.pitch
            u = (j - (raster.shape[1] - 1) / 2) * raster.pitch
            at_y, at_x = raster.centre[0] + v * cos - u * sin, raster.centre[1] + v * sin + u * cos
            total += np.outer(
                np.exp(-((y - at_y) ** 2) / 2 / sigma**2), np.exp(-((x - at_x) ** 2) / 2 / sigma**2)
            )
    return total.reshape(ny, fine, nx, fine).sum(axis=(1, 3)) / total.sum()


@pytest.mark.parametrize(
    ("raster", "fwhm", "tolerance"),
    [
        (Raster((3.3, -7.1)), 0.1, 0.01),  # smaller than a cell: counts as a cell
        (Raster((3.3, -7.1)), 2.0, 0.01),
        (Raster((0.2, 0.1), (3, 5), 2.5), 0.3, 0.01),  # far apart
        (Raster((0.2, 0.1), (6, 8), 0.3), 1.0, 0.02),  # overlapping
        (Raster((-4.0, 2.0), (3, 5), 2.5, 0.4), 0.8, 0.05),  # rotated
    ],
)
def test_against_a_gaussian_a_pixel(raster, fwhm, tolerance):
    patch = deposit(raster, fwhm, 0.5)
    expected = brute(raster, fwhm, 0.5, patch)
    assert patch.share.sum() == pytest.approx(1, rel=1e-12)
    assert np.abs(patch.share - expected).max() < tolerance * expected.max()


def test_a_spot_in_a_cell_is_four_orders_above_the_mean_of_its_survey():
    spot = deposit(Raster((0.25, 0.25)), 0.2, 0.5).share.max()
    survey = deposit(Raster((0.0, 0.0), (64, 64), 2.5), 0.2, 0.5).share.mean()
    assert spot / survey > 1e4
