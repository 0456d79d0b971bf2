"""Where the recorded energy axis belongs: by the zero-loss peak, a channel, or a known edge.

Each function returns the shift to add to the recorded axis [eV], as an `Estimate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .background import FitFailedError, subtract_none
from .estimate import Estimate, constant
from .peak import peak_position
from .window import Window, window_weights

ALIGNMENTS = ("none", "zero_loss", "channel", "edge")


def zero_loss_shift(counts: NDArray[np.float64], energy: NDArray[np.float64], search: Window) -> Estimate:
    """Put the zero-loss peak at 0 eV: the centroid of what rises above half its maximum within `search` [eV].

    Counts are weighed by their height above half maximum, so that no channel enters or leaves with a jump.

    Raises
    ------
    FitFailedError
        If there is no peak: no counts in `search`.
    """
    candidates = np.where(window_weights(energy, search) > 0, counts, -np.inf)
    top = int(candidates.argmax())
    if not candidates[top] > 0:
        raise FitFailedError("no zero-loss peak")
    above = candidates > candidates[top] / 2
    below = np.flatnonzero(~above)
    first = int(below[below < top].max(initial=-1)) + 1
    last = int(below[below > top].min(initial=counts.size))
    weights = np.zeros(counts.size)
    weights[first:last] = 1.0
    raised = replace(subtract_none(counts), background=np.full(counts.size, candidates[top] / 2))
    return raised.weighted_sum(weights * energy) / raised.weighted_sum(weights) * -1.0


def channel_shift(energy: NDArray[np.float64], channel: int, reference: float) -> Estimate:
    """Put `channel` at `reference` [eV]."""
    return constant(reference - float(energy[channel]), energy.size)


def edge_shift(
    counts: NDArray[np.float64], energy: NDArray[np.float64], search: Window, reference: float
) -> Estimate:
    """Put the highest maximum within `search` [eV, recorded], such as a white line, at `reference` [eV]."""
    found = peak_position(subtract_none(counts), counts, energy, search, smoothing=0.0)
    return constant(reference, energy.size) + found * -1.0


def common_offset(recorded: Sequence[float], literature: Sequence[float]) -> tuple[float, float]:
    """Compare line positions with the literature's: mean of recorded - literature [eV], and its spread.

    A spread (standard deviation) well below the offset says that the axis is shifted; one as large as the
    offset that the lines are mistaken or the dispersion is wrong.
    """
    difference = np.subtract(recorded, literature)
    return float(difference.mean()), float(difference.std(ddof=1))
