"""Ferroelectric domains: the signal is the charge that screens a wall, and depends on which way it faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from benchmarks.agent.counted_field import SIDE, CountedField, counted_field

PIXEL = 0.5  # [nm]
DOMAIN = 7.0  # [px] scale of the domains
SCREENING = 2.5  # [px] length over which the charge is spread
COUNTS, BACKGROUND = 600.0, 150.0
BRIGHT, CONTRAST = 400.0, 0.25  # counts of the HAADF image, and of a domain over the other
WALL = 1.0  # [px] over which the polarisation turns


def domain_walls(seed: int, patch_size: int | None = None) -> CountedField:
    """Grow domains of polarisation +x and -x and look at them.

    Bound charge at a wall is ``(P1 - P2) . n`` with n its normal (A. K. Tagantsev, L. E. Cross, J. Fousek,
    Domains in Ferroic Crystals and Thin Films, 2010): walls that face +x gather electrons, walls that face -x
    lose them, those along x have no charge. What screens it decays with distance from the wall, inside the
    domain that conducts. A patch and its mirror image look alike to what is invariant; their signals differ.
    """
    rng = np.random.default_rng([seed, 11])
    margin = 16  # [px] so that what lies outside of the field matters as much as inside
    level = gaussian_filter(rng.normal(size=(SIDE + 2 * margin,) * 2), DOMAIN)
    up = level > np.median(level)
    distance, (from_y, from_x) = distance_transform_edt(up, return_indices=True)
    slope_y, slope_x = np.gradient(gaussian_filter(level, 1.0))
    facing = (slope_x / np.maximum(np.hypot(slope_y, slope_x), 1e-12))[from_y, from_x]
    charge = np.where(up, np.exp(-(distance - 1) / SCREENING) * facing, 0.0)
    inner = slice(margin, margin + SIDE)
    signal = BACKGROUND + COUNTS * np.maximum(gaussian_filter(charge, 0.7), -0.2)[inner, inner]
    thickness = 1 + 0.05 * _standardised(gaussian_filter(rng.normal(size=level.shape), 20.0))
    brightness = BRIGHT * thickness * (1 + CONTRAST * gaussian_filter(up.astype(float), WALL))
    return counted_field(brightness[inner, inner], signal, PIXEL, rng, patch_size)


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - values.mean()) / values.std())
