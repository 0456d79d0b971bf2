"""What was measured, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .matern import Array


@dataclass(frozen=True, eq=False)
class Measurements:
    """What was measured: candidates, values and their standard deviations, ``(m,)`` each.

    Where several scalars are measured at once (`Outputs`), values and standard deviations are ``(m, k)``.
    """

    indices: NDArray[np.intp]
    values: Array
    sigmas: Array

    def __len__(self) -> int:
        return len(self.indices)

    def of(self, which: NDArray[np.intp]) -> Measurements:
        """Return some of them."""
        return Measurements(self.indices[which], self.values[which], self.sigmas[which])

    def and_these(self, others: Measurements) -> Measurements:
        """Return both."""
        return Measurements(
            np.concatenate([self.indices, others.indices]),
            np.concatenate([self.values, others.values]),
            np.concatenate([self.sigmas, others.sigmas]),
        )

    @property
    def lists(self) -> list[list[float]]:
        """All of it, fit for JSON."""
        return [self.indices.tolist(), self.values.tolist(), self.sigmas.tolist()]

    @staticmethod
    def of_lists(lists: Sequence[Sequence[float]]) -> Measurements:
        """Return what had these `lists`."""
        indices, values, sigmas = lists
        return Measurements(
            np.array(indices, dtype=np.intp), np.array(values, float), np.array(sigmas, float)
        )
