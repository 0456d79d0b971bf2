"""Where the electrons of an exposure go: the probe's footprint, at one place or along a raster."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
REACH = 4.0  # standard deviations that a footprint is followed for; beyond lie 6e-5 of it
DENSE = 0.75  # of the FWHM: a raster of a finer pitch is even to 1 %
FINE = 8  # samples a cell, between which a rotated raster is interpolated

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Raster:
    """Square pixels seen from the specimen.

    Attributes
    ----------
    centre
        ``(y, x)`` on the specimen [nm].
    shape
        ``(ny, nx)``; (1, 1) for a probe that stands.
    pitch
        Distance of two pixels [nm].
    rotation
        Of the raster's axes on the specimen [rad].
    """

    centre: tuple[float, float]
    shape: tuple[int, int] = (1, 1)
    pitch: float = 1.0
    rotation: float = 0.0


@dataclass(frozen=True)
class Patch:
    """Share of the electrons by grid cell, which add up to 1; row and column of the first cell."""

    row: int
    column: int
    share: Array


def deposit(raster: Raster, fwhm: float, cell: float) -> Patch:
    """Spread one electron over the cells of a specimen-frame grid.

    Cell ``(i, j)`` has its centre at ``((i + 1/2) cell, (j + 1/2) cell)``. Round Gaussian footprints are
    separable along any axes: the raster's own are used, and each cell holds the mean over itself.

    Parameters
    ----------
    raster
        Where the probe is, every pixel for the same time.
    fwhm
        Of the probe [nm]; never taken below `cell`.
    cell
        Side of a cell [nm].

    Returns
    -------
    Patch
        The cells that receive anything.
    """
    sigma = max(fwhm, cell) / FWHM_PER_SIGMA
    ny, nx = raster.shape
    margin = REACH * sigma + cell
    half_y, half_x = raster.pitch * (ny - 1) / 2, raster.pitch * (nx - 1) / 2
    cos, sin = math.cos(raster.rotation), math.sin(raster.rotation)
    y0, x0 = raster.centre
    extent_y = abs(cos) * half_y + abs(sin) * half_x + margin
    extent_x = abs(sin) * half_y + abs(cos) * half_x + margin
    row, column = math.floor((y0 - extent_y) / cell), math.floor((x0 - extent_x) / cell)
    rows = _centres(row, y0 + extent_y, cell) - y0
    columns = _centres(column, x0 + extent_x, cell) - x0
    if sin == 0:
        share = np.outer(
            _profile(rows, ny, raster.pitch, sigma, cell), _profile(columns, nx, raster.pitch, sigma, cell)
        )
    else:
        # of the raster, from the specimen: the inverse of (y cos - x sin, y sin + x cos)
        v: Array = rows[:, None] * cos + columns[None, :] * sin
        u: Array = -rows[:, None] * sin + columns[None, :] * cos
        share = _sampled(v, ny, raster.pitch, sigma, cell) * _sampled(u, nx, raster.pitch, sigma, cell)
    return Patch(row, column, share / share.sum())


def _centres(first: int, end: float, cell: float) -> Array:
    """Centres of the cells from number `first` to the one that holds `end` [nm]."""
    return np.asarray((np.arange(first, math.floor(end / cell) + 1) + 0.5) * cell, np.float64)


def _profile(at: Array, count: int, pitch: float, sigma: float, cell: float) -> Array:
    """Density along one axis [1/nm], mean over a cell at each of the evenly spaced positions `at` [nm]."""
    lower, upper = at - cell / 2, at + cell / 2
    if count > 1 and pitch <= DENSE * sigma * FWHM_PER_SIGMA:
        half = count * pitch / 2
        within: Array = (_ramp(at + half, sigma) - _ramp(at - half, sigma)) / (count * pitch)
        return within
    density = np.zeros(at.size)
    reach = math.ceil((REACH * sigma + cell) / cell)
    for tooth in (np.arange(count) - (count - 1) / 2) * pitch:
        nearest = round((tooth - at[0]) / cell)
        window = slice(max(0, nearest - reach), nearest + reach + 1)
        density[window] += _ramp(upper[window] - tooth, sigma) - _ramp(lower[window] - tooth, sigma)
    return density / (count * cell)


def _sampled(at: Array, count: int, pitch: float, sigma: float, cell: float) -> Array:
    grid = np.arange(float(at.min()) - cell, float(at.max()) + 2 * cell, cell / FINE, dtype=np.float64)
    density = np.empty(grid.size)
    for first in range(FINE):  # `_profile` has steps of a cell
        density[first::FINE] = _profile(np.asarray(grid[first::FINE], np.float64), count, pitch, sigma, cell)
    return np.asarray(np.interp(at, grid, density), np.float64)


def _ramp(at: Array, sigma: float) -> Array:
    """Integral of a Gaussian up to `at`."""
    return np.asarray((1 + erf(at / (math.sqrt(2) * sigma))) / 2)
