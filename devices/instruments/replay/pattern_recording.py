"""A recorded 4D-STEM scan: a diffraction pattern at each pixel, and an image of the same pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ..protocol import Axis, Calibrated, InstrumentError

ORDERS: Mapping[str, tuple[int, int, int, int]] = {"y x ky kx": (0, 1, 2, 3), "x y kx ky": (1, 0, 3, 2)}


@dataclass(frozen=True, eq=False)
class PatternRecording:
    """What was measured or simulated, read-only.

    Attributes
    ----------
    patterns
        ``(ny, nx, ky, kx)``, axes "y", "x" [m] and "ky", "kx" [rad].
    survey
        ``(ny, nx)``, axes "y" and "x" [m].
    """

    patterns: Calibrated
    survey: Calibrated
    oversampling: int = 1

    @property
    def grid(self) -> tuple[Axis, Axis]:
        """Axes "y" and "x" [m] of the recorded positions."""
        y, x, _, _ = self.patterns.axes
        return y, x


def open_patterns(
    path: Path,
    pixel_size: float,
    angle_step: float,
    *,
    patterns: str = "datacube",
    survey: str = "haadf",
    order: str = "y x ky kx",
    centre: tuple[float, float] | None = None,
) -> PatternRecording:
    """Read the data sets `patterns` and `survey` of an HDF5 file.

    Parameters
    ----------
    pixel_size, angle_step
        Of the scan [m] and of the patterns [rad].
    order
        Of the dimensions of `patterns`, and of the first two for `survey`; one of `ORDERS`.
    centre
        Of the vacuum disk (ky, kx) [pixels]; by default ``size // 2``, where a Fourier transform has it.

    Raises
    ------
    InstrumentError
        If the file or a data set is missing, is not of its dimensions, or holds what is no count.
    """
    try:
        with h5py.File(path) as file:
            cube, image = (_read(file, name, path) for name in (patterns, survey))
    except OSError as error:
        raise InstrumentError(f"can't read {path}: {error}") from error
    if cube.ndim != 4 or image.shape != cube.shape[:2]:
        raise InstrumentError(
            f"{path} has {patterns} of shape {cube.shape} and {survey} of {image.shape}: "
            "a 4D array and an image of its first two dimensions are needed"
        )
    cube = np.ascontiguousarray(np.transpose(cube, ORDERS[order]))
    image = np.ascontiguousarray(np.transpose(image, ORDERS[order][:2]))
    for data in (cube, image):
        data.setflags(write=False)
    ny, nx, num_ky, num_kx = cube.shape
    middle = (num_ky // 2, num_kx // 2) if centre is None else centre
    grid = (
        Axis("y", ny, -(ny - 1) / 2 * pixel_size, pixel_size, "m"),
        Axis("x", nx, -(nx - 1) / 2 * pixel_size, pixel_size, "m"),
    )
    angles = (
        Axis("ky", num_ky, -middle[0] * angle_step, angle_step, "rad"),
        Axis("kx", num_kx, -middle[1] * angle_step, angle_step, "rad"),
    )
    return PatternRecording(Calibrated(cube, (*grid, *angles)), Calibrated(image, grid, "HAADF"))


def _read(file: h5py.File, name: str, path: Path) -> NDArray[np.generic]:
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        raise InstrumentError(f"{path} has no data set {name!r}: it has {', '.join(file)}")
    data = np.asarray(found[()])
    if data.dtype.kind not in "iuf" or not np.isfinite(data).all() or data.min(initial=0) < 0:
        raise InstrumentError(f"{name} of {path} has values that are negative or not finite: mend the file")
    return data
