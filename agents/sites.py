"""Candidates as the covariance sees them: what they look like, and where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .matern import Array, augmented, distances, matern

ROWS = 16  # of a block: with 13,000 candidates its temporaries stay in the processor's cache
TYPICAL_REACH = 0.15  # of the longer side of what the candidates cover


@dataclass(frozen=True, eq=False)
class Sites:
    """Two coordinates of n candidates, each in units of its length scale.

    Attributes
    ----------
    looks
        Features, or where an embedding puts them, ``(n, p)``.
    spots
        Positions on the specimen ``(n, 2)``.
    """

    looks: Array
    spots: Array

    @staticmethod
    def of(features: Array, positions: Array) -> Sites:
        """Return standardised `features` with `positions` [nm] in units of a typical reach."""
        middle = positions.mean(axis=0)
        reach = TYPICAL_REACH * float(np.ptp(positions, axis=0).max())
        return Sites(features, (positions - middle) / (reach if reach > 0 else 1.0))

    def __len__(self) -> int:
        return len(self.looks)

    def __getitem__(self, which: NDArray[np.intp] | slice) -> Sites:
        return Sites(self.looks[which], self.spots[which])


def covariance(a: Sites, b: Sites, variances: tuple[float, float], out: Array | None = None) -> Array:
    """Return ``(m, n)``: a Matérn by looks plus one by spots, with these `variances`.

    What candidates that look alike have in common is learned everywhere; what the looks can't tell but the
    neighbourhood can, is interpolated (regression kriging: T. Hengl, G. Heuvelink, D. Rossiter, Comput.
    Geosci. 33, 1301 (2007)).
    """
    out = np.empty((len(a), len(b))) if out is None else out
    looks, spots = augmented(b.looks), augmented(b.spots)
    for first in range(0, len(a), ROWS):
        rows = slice(first, first + ROWS)
        out[rows] = matern(distances(a.looks[rows], looks), variances[0])
        out[rows] += matern(distances(a.spots[rows], spots), variances[1])
    return out
