"""A field with one scalar: survey, candidates, truth in counts, and measurements with counting noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemline.analysis.featurise import Candidates, candidates

SIDE = 64  # [px] of a field, every one a candidate


@dataclass(frozen=True, eq=False)
class CountedField:
    """One specimen, as `SimulatedField` is one, whose scalar is a number of counts.

    Attributes
    ----------
    survey
        HAADF image with counting noise ``(ny, nx)``; every pixel is a candidate.
    candidates
        As a session makes them.
    truth
        Expected counts at every candidate, ``(n,)``.
    """

    survey: NDArray[np.int64]
    candidates: Candidates
    truth: NDArray[np.float64]

    @property
    def index_at(self) -> dict[tuple[float, float], int]:
        """Index of each candidate by its position (y, x) [nm]."""
        return {(y, x): index for index, (y, x) in enumerate(self.candidates.positions.tolist())}

    def measure(self, index: int, rng: np.random.Generator) -> tuple[float, float]:
        """Return counts and their standard deviation."""
        counts = float(rng.poisson(self.truth[index]))
        return counts, math.sqrt(max(counts, 1.0))


def counted_field(
    brightness: NDArray[np.float64],
    signal: NDArray[np.float64],
    pixel_size: float,
    rng: np.random.Generator,
    patch_size: int | None = None,
) -> CountedField:
    """Look at a specimen.

    Parameters
    ----------
    brightness, signal
        Expected counts of the HAADF image and of the scalar, ``(ny, nx)``.
    pixel_size
        [nm].
    """
    survey = rng.poisson(brightness)
    return CountedField(survey, candidates(survey, pixel_size, patch_size=patch_size), signal.ravel())
