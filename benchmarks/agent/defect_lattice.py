"""A crystal with dislocations and vacancies, atomically resolved: the signal knows left from right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.agent.counted_field import SIDE, CountedField, counted_field

PIXEL = 0.08  # [nm]
SPACING = 5.0  # [px] of the columns
COLUMN = 1.2  # [px] standard deviation of a column's image
POISSON = 0.3  # ratio
CORE = 3.0  # [px] in which continuum theory does not hold
PROBE = 1.2  # [px] standard deviation
DIPOLES, VACANCIES = 2, 9
REACH = 4.0  # [px] of a vacancy's state
BACKGROUND, STATE, STRAINED = 150.0, 500.0, 1500.0  # counts; the last for a strain of 1
BRIGHT = 300.0  # counts of the HAADF image on a column


def defect_lattice(seed: int, patch_size: int | None = None) -> CountedField:
    """Grow a lattice and look at it.

    Columns are displaced by dislocation dipoles (isotropic elasticity: J. P. Hirth, J. Lothe, Theory of
    Dislocations, 1982, eq. 3-45), some are missing. The signal is a state beside each vacancy, on the side of
    +x (as where a field along x polarises it), and the strain along x: both change when the patch is turned.
    """
    rng = np.random.default_rng([seed, 12])
    cores = [tuple(rng.uniform(8, SIDE - 8, 2)) for _ in range(DIPOLES)]
    dipoles = [(core, rng.uniform(14, 24)) for core in cores]
    count = int(SIDE / SPACING) + 6
    grid = (np.arange(count) - 3) * SPACING + rng.uniform(0, SPACING)
    y, x = (each.ravel() for each in np.meshgrid(grid, grid, indexing="ij"))
    dy, dx = _displacement(y, x, dipoles)
    y, x = y + dy, x + dx
    inside = np.flatnonzero((y > 2) & (y < SIDE - 2) & (x > 2) & (x < SIDE - 2))
    missing = rng.choice(inside, VACANCIES, replace=False)
    weight = np.ones(len(y))
    weight[missing] = 0.15
    py, px = np.mgrid[:SIDE, :SIDE].astype(float)
    columns = sum(
        w * np.exp(-((py - cy) ** 2 + (px - cx) ** 2) / (2 * COLUMN**2))
        for w, cy, cx in zip(weight, y, x, strict=True)
    )
    signal = BACKGROUND + STRAINED * np.clip(_strain_xx(py, px, dipoles), -0.06, 0.12)
    for cy, cx in zip(y[missing], x[missing], strict=True):
        radius = np.hypot(py - cy, px - cx)
        toward = (px - cx) / np.maximum(radius, 1e-9)
        signal = signal + STATE * np.exp(-radius / REACH) * np.where(radius > 0, (1 + toward) / 2, 0.5)
    return counted_field(BRIGHT * (0.15 + columns), gaussian_filter(signal, PROBE), PIXEL, rng, patch_size)


def _displacement(
    y: NDArray[np.float64], x: NDArray[np.float64], dipoles: list[tuple[tuple[float, ...], float]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Displacement (y, x) [px] by pairs of edge dislocations with Burgers vectors along +x and -x."""
    out_y, out_x = np.zeros_like(y), np.zeros_like(x)
    for (cy, cx), apart in dipoles:
        for sign, at in ((1, cx - apart / 2), (-1, cx + apart / 2)):
            v, u = y - cy, x - at
            r2 = u**2 + v**2 + CORE**2 / 4
            turn = np.arctan2(v, u)
            out_x += sign * SPACING / (2 * np.pi) * (turn + u * v / (2 * (1 - POISSON) * r2))
            out_y -= (
                sign
                * SPACING
                / (2 * np.pi)
                * (
                    (1 - 2 * POISSON) / (4 * (1 - POISSON)) * np.log(r2)
                    + (u**2 - v**2) / (4 * (1 - POISSON) * r2)
                )
            )
    return out_y, out_x


def _strain_xx(
    y: NDArray[np.float64], x: NDArray[np.float64], dipoles: list[tuple[tuple[float, ...], float]]
) -> NDArray[np.float64]:
    """Strain along x: ``-b y ((3 - 2 nu) x^2 + (1 - 2 nu) y^2) / (4 pi (1 - nu) r^4)`` of each."""
    strain = np.zeros_like(y)
    for (cy, cx), apart in dipoles:
        for sign, at in ((1, cx - apart / 2), (-1, cx + apart / 2)):
            v, u = y - cy, x - at
            r2 = u**2 + v**2 + CORE**2
            polynomial = (3 - 2 * POISSON) * u**2 + (1 - 2 * POISSON) * v**2
            strain -= sign * SPACING * v * polynomial / (4 * np.pi * (1 - POISSON) * r2**2)
    return strain
