"""Values and features as the model has them: mean 0, standard deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .matern import Array

SMALLEST_VARIANCE = 1e-5  # of the noise over that of the values: keeps the Cholesky factor sound


@dataclass(frozen=True, eq=False)
class Scale:
    """Offset and unit of the standardised values, in the unit of the scalar."""

    offset: float
    unit: float

    @staticmethod
    def of(values: Array) -> Scale:
        """Make the scale on which `values` have mean 0 and standard deviation 1."""
        spread = float(values.std())
        return Scale(float(values.mean()), spread if spread > 0 else 1.0)

    def standardise(self, values: Array, sigmas: Array) -> Standardised:
        """Put values and their standard deviations ``(m,)`` on this scale."""
        noise = np.maximum((sigmas / self.unit) ** 2, SMALLEST_VARIANCE)
        return Standardised((values - self.offset) / self.unit, noise)


@dataclass(frozen=True, eq=False)
class Standardised:
    """Values and known noise variances ``(m,)``, on a `Scale`."""

    values: Array
    noise: Array


def standardised_features(features: Array, candidates: int) -> Array:
    """Return columns with mean 0 and standard deviation 1; what does not vary becomes 0.

    Raises
    ------
    ValueError
        In one line, if they are no ``(candidates, d)`` finite numbers.
    """
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or features.shape[0] != candidates or not features.shape[1]:
        raise ValueError(
            f"agent: features of shape {features.shape} don't fit {candidates} candidates: "
            f"give ({candidates}, d), d > 0"
        )
    bad = np.argwhere(~np.isfinite(features))
    if len(bad):
        raise ValueError(
            f"agent: feature {bad[0][1]} of candidate {bad[0][0]} is not finite ({len(bad)} in all): "
            "check the survey image"
        )
    spread = features.std(axis=0)
    varies = spread > 1e-12
    return np.asarray((features - features.mean(axis=0)) * varies / np.where(varies, spread, 1.0))
