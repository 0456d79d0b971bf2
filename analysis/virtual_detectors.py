"""Which pixels of a diffraction pattern a detector of a conventional STEM would see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Point = tuple[float, float]


def annulus(shape: tuple[int, int], centre: Point, inner: float, outer: float) -> Mask:
    """Pixels whose centre is from `inner` up to, but not at, `outer` [px] from `centre` (y, x)."""
    distance = _distance(shape, centre)
    return (distance >= inner) & (distance < outer)


def quadrants(shape: tuple[int, int], centre: Point, inner: float, outer: float) -> NDArray[np.bool_]:
    """Split an annulus into +x, +y, -x, -y ``(4, ky, kx)`` on the diagonals: differential phase contrast."""
    y, x = _offsets(shape, centre)
    which = np.floor((np.arctan2(y, x) + np.pi / 4) / (np.pi / 2)).astype(int) % 4
    masks: NDArray[np.bool_] = annulus(shape, centre, inner, outer) & (which == np.arange(4)[:, None, None])
    return masks


def standard_detectors(shape: tuple[int, int], centre: Point, disk: float) -> dict[str, Mask]:
    """Give the usual detectors for a bright-field disk of radius `disk` [px].

    BF: the disk; ABF: its outer half; ADF: from the disk to twice it; HAADF: all beyond three times it;
    DPC0 to DPC3: quadrants of the disk, see `quadrants`.
    """
    return {
        "BF": annulus(shape, centre, 0, disk),
        "ABF": annulus(shape, centre, disk / 2, disk),
        "ADF": annulus(shape, centre, disk, 2 * disk),
        "HAADF": annulus(shape, centre, 3 * disk, np.inf),
        **{f"DPC{n}": mask for n, mask in enumerate(quadrants(shape, centre, 0, disk))},
    }


def rings(shape: tuple[int, int], centre: Point, width: float = 1.0) -> NDArray[np.int64]:
    """Give each pixel the number of its ring, `width` [px] wide."""
    return (_distance(shape, centre) / width).astype(np.int64)


def moment_weights(shape: tuple[int, int]) -> NDArray[np.int64]:
    """Weights ``(3, ky, kx)`` of counts, counts times ky and counts times kx: see `centre_of_mass`."""
    ky, kx = np.indices(shape)
    return np.stack([np.ones(shape, np.int64), ky, kx])


def centre_of_mass(moments: NDArray[np.int64]) -> NDArray[np.float64]:
    """Centre of mass (ky, kx) [px] of each frame ``(n, 2)`` from sums with `moment_weights` ``(n, 3)``.

    NaN of a frame without electrons. Rounded once: the same to the last bit, in whatever form frames came.
    """
    with np.errstate(invalid="ignore"):
        return moments[:, 1:3] / moments[:, :1]


def _offsets(shape: tuple[int, int], centre: Point) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.indices(shape, dtype=np.float64)
    return y - centre[0], x - centre[1]


def _distance(shape: tuple[int, int], centre: Point) -> NDArray[np.float64]:
    return np.hypot(*_offsets(shape, centre))
