"""How the pattern moves with the probe where nothing deflects it: what the descan coils leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Descan:
    """Centre of the vacuum disk over the scan: ``offset + matrix @ (y, x)``.

    Attributes
    ----------
    offset
        (ky, kx) [mrad] at the centre of the field of view.
    matrix
        [mrad/nm].
    """

    offset: tuple[float, float]
    matrix: tuple[tuple[float, float], tuple[float, float]]

    def centre(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Centre of the vacuum disk ``(..., 2)`` [mrad] at positions ``(..., 2)`` (y, x) [nm]."""
        return np.asarray(self.offset + positions @ np.array(self.matrix).T)


def descan_of_vacuum(positions: NDArray[np.float64], centres: NDArray[np.float64]) -> Descan:
    """Find the descan from centres of mass that were measured in vacuum, or off the specimen.

    Never from the specimen's own: a plane through them has its uniform field in it, and takes it away.

    Parameters
    ----------
    positions, centres
        ``(n, 2)`` as (y, x) [nm] and (ky, kx) [mrad].

    Raises
    ------
    ValueError
        If the positions are fewer than 3 or lie on a line.
    """
    finite = np.isfinite(centres).all(axis=1)
    design = np.column_stack([np.ones(finite.sum()), positions[finite]])
    if np.linalg.matrix_rank(design) < 3:
        raise ValueError(
            f"{len(design)} usable positions in vacuum do not span a plane: measure 3 or more off a line"
        )
    solution = np.linalg.lstsq(design, centres[finite], rcond=None)[0]
    (oy, ox), (yy, xy), (yx, xx) = solution.tolist()
    return Descan((oy, ox), ((yy, yx), (xy, xx)))
