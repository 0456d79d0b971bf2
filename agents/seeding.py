"""Where to measure before there is a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .matern import squared_distances


def uniform(free: NDArray[np.intp], rng: np.random.Generator) -> int:
    """Draw one of the candidates `free` (indices), each as likely."""
    return int(rng.choice(free))


def space_filling(
    features: NDArray[np.float64], visited: NDArray[np.intp], free: NDArray[np.intp], rng: np.random.Generator
) -> int:
    """Draw a candidate unlike those visited: its chance grows with its squared distance from the nearest.

    The seeding of k-means++ (D. Arthur, S. Vassilvitskii, SODA 2007), on `features` ``(n, d)``: it spreads,
    as taking the farthest does, without running through the outliers first.
    """
    if not len(visited):
        return uniform(free, rng)
    weight = squared_distances(features[free], features[visited]).min(axis=1)
    total = weight.sum()
    return int(rng.choice(free, p=weight / total)) if total > 0 else uniform(free, rng)
