"""What every spot of the specimen has received, on a grid in the frame of the specimen, kept in a file."""

from __future__ import annotations

import fcntl
import mmap
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .footprint import Patch, Raster, deposit

SQUARE_ANGSTROM = 100.0  # in a square nanometre
HEADER = 4096  # [bytes]: one page
MAGIC = 1.0  # of the layout of the file


class OffTheMap(Exception):
    """The exposure would lie beyond the grid; the message says what to do."""


class DoseMap:
    """Local dose [e-/A^2] and totals; with a file it outlives the process, whatever ends that.

    The file is the memory: a page of totals (layout, cell, cells, electrons, time unblanked, highest dose),
    then the cells in single precision, row by row, the specimen's origin in the middle. `sync` brings it to
    the disk.

    Parameters
    ----------
    cell
        Side of a cell [nm].
    extent
        Side of the grid [nm].
    path
        File; None keeps nothing.

    Raises
    ------
    ValueError
        If the file is in use by another IOC, or has another grid.
    """

    def __init__(self, cell: float, extent: float, path: Path | None = None) -> None:
        self.cell = cell
        self.size = 2 * round(extent / cell / 2)
        length = HEADER + 4 * self.size**2
        self._file: int | None = None
        if path is None:
            self._memory = mmap.mmap(-1, length)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(self._file)
                raise ValueError(f"dose_file {path} is in use by another IOC: give each its own") from None
            if os.fstat(self._file).st_size not in (0, length):
                os.close(self._file)
                raise ValueError(
                    f"dose_file {path} holds a grid of another size: keep dose_cell and dose_extent, or name "
                    "another file"
                )
            os.ftruncate(self._file, length)  # sparse: cells that have received nothing take no room
            self._memory = mmap.mmap(self._file, length)
        self._totals = np.frombuffer(self._memory, np.float64, 6)
        self._grid = np.frombuffer(self._memory, np.float32, offset=HEADER).reshape(self.size, self.size)
        if self._totals[0] not in (0.0, MAGIC) or (self._totals[0] == MAGIC and self._totals[1] != cell):
            raise ValueError(f"dose_file {path} holds cells of {self._totals[1]:g} nm: keep dose_cell")
        self._totals[:3] = MAGIC, cell, self.size

    @property
    def kept(self) -> bool:
        """Whether there is a file."""
        return self._file is not None

    @property
    def electrons(self) -> float:
        """Electrons since the last reset; NaN where a current was not known."""
        return float(self._totals[3])

    @property
    def on_time(self) -> float:
        """Time unblanked since the last reset [s]."""
        return float(self._totals[4])

    @property
    def highest(self) -> float:
        """Highest local dose [e-/A^2]."""
        return float(self._totals[5])

    def patch(self, raster: Raster, fwhm: float) -> Patch:
        """Spread one electron, as `deposit` does.

        Raises
        ------
        OffTheMap
            If a part of it would lie beyond the grid.
        """
        patch = deposit(raster, fwhm, self.cell)
        ny, nx = patch.share.shape
        half = self.size // 2
        if min(patch.row, patch.column) < -half or max(patch.row + ny, patch.column + nx) > half:
            raise OffTheMap(
                f"the exposure at y = {raster.centre[0]:.4g}, x = {raster.centre[1]:.4g} nm on the specimen "
                f"lies beyond the dose map, {self.size * self.cell:g} nm wide: move the stage back, or "
                "enlarge dose_extent in the IOC's configuration"
            )
        return patch

    def highest_after(self, patches: list[tuple[Patch, float]]) -> float:
        """Highest local dose where the patches fall if each had so many electrons more [e-/A^2]."""
        highest = 0.0
        for number, (patch, electrons) in enumerate(patches):
            there = self._at(patch) + patch.share * self._dose(electrons)
            for other, more in patches[number + 1 :]:
                # where two overlap, at worst their peaks do
                there = there + other.share.max() * self._dose(more)
            highest = max(highest, float(there.max()))
        return highest

    def add(self, patches: list[tuple[Patch, float]], electrons: float, seconds: float) -> None:
        """Count patches with the electrons of each, `electrons` in all and `seconds` [s] unblanked."""
        for patch, here in patches:
            there = self._at(patch)
            there += (patch.share * self._dose(here)).astype(np.float32)
            self._totals[5] = max(self._totals[5], float(there.max()))
        self._totals[3] += electrons
        self._totals[4] += seconds

    def add_unknown(self, seconds: float) -> None:
        """Count `seconds` [s] at a current that nobody knows."""
        self._totals[3] = np.nan
        self._totals[4] += seconds

    def reset_totals(self) -> None:
        """Count electrons and time from zero; the map stays."""
        self._totals[3:5] = 0

    def reset(self) -> None:
        """Forget the map: there is another specimen."""
        self._grid[self._grid != 0] = 0
        self._totals[5] = 0

    def around(self, y: float, x: float, width: float, pixels: int) -> NDArray[np.float32]:
        """Highest doses in a square around ``(y, x)`` [nm], ``(pixels, pixels)`` [e-/A^2]; 0 off the map."""
        edges = ((np.linspace(-0.5, 0.5, pixels + 1)) * width) / self.cell + self.size // 2
        rows, columns = (np.clip(np.floor(edges + at / self.cell), 0, self.size).astype(int) for at in (y, x))
        part = self._grid[rows[0] : rows[-1], columns[0] : columns[-1]]
        image = np.zeros((pixels, pixels), np.float32)
        if part.size:
            bands = np.maximum.reduceat(part, np.minimum(rows[:-1] - rows[0], part.shape[0] - 1), axis=0)
            within = np.minimum(columns[:-1] - columns[0], part.shape[1] - 1)
            image[...] = np.maximum.reduceat(bands, within, axis=1)
            image[rows[:-1] == rows[1:]] = 0  # off the map, or finer than its cells
            image[:, columns[:-1] == columns[1:]] = 0
        return image

    def sync(self) -> None:
        """Bring what was counted to the disk; from any thread."""
        if self._file is not None:
            os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            del self._totals, self._grid
            self._memory.close()
            os.close(self._file)
            self._file = None

    def _at(self, patch: Patch) -> NDArray[np.float32]:
        row, column = patch.row + self.size // 2, patch.column + self.size // 2
        ny, nx = patch.share.shape
        return self._grid[row : row + ny, column : column + nx]

    def _dose(self, electrons: float) -> float:
        return electrons / (self.cell**2 * SQUARE_ANGSTROM)
