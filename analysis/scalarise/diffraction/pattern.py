"""A diffraction pattern made ready for scalarisation: counts on angles, with their variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..estimate import Estimate
from ..result import Flags, ScalarResult

Angles = NDArray[np.float64]
Vector = tuple[Estimate, Estimate]


@dataclass(frozen=True)
class PatternConditioning:
    """What a pattern's numbers mean; the same for all measures.

    Attributes
    ----------
    centre
        Of the vacuum disk (ky, kx) on the pattern's axes [mrad]; angles are counted from there.
    gain
        Counts of one electron.
    read_noise
        Standard deviation of a pixel without electrons [counts].
    saturation
        Counts of a full pixel; None where unknown.
    minimum_electrons
        Fewer within what the measure looks at are flagged.
    """

    centre: tuple[float, float] = (0.0, 0.0)
    gain: float = 1.0
    read_noise: float = 0.0
    saturation: float | None = None
    minimum_electrons: float = 10.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.centre)):
            raise ValueError(f"centre = {self.centre} mrad is no position: give [ky, kx]")
        for name, lowest in (("gain", 0.0), ("read_noise", -1e-300), ("minimum_electrons", -1e-300)):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > lowest):
                raise ValueError(f"{name} = {value:g} is impossible: give a positive number")


@dataclass(frozen=True, eq=False)
class Pattern:
    """Counts and the angles they were scattered to, all ``(pixels,)``; unusable pixels are left out.

    Attributes
    ----------
    counts, variance
        Of each pixel.
    ky, kx
        Angle of each pixel from the centre [mrad].
    how
        What the counts mean.
    """

    counts: NDArray[np.float64]
    variance: NDArray[np.float64]
    ky: Angles
    kx: Angles
    how: PatternConditioning

    def within(self, inner: float, outer: float, at: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.bool_]:
        """Pixels whose angle from `at` [mrad] is at least `inner` and less than `outer` [mrad]."""
        angle = np.hypot(self.ky - at[0], self.kx - at[1])
        return np.asarray((angle >= inner) & (angle < outer))

    def sum(self, chosen: NDArray[np.bool_]) -> Estimate:
        """Sum the counts of the pixels `chosen`."""
        weights = chosen.astype(np.float64)
        return Estimate(float(weights @ self.counts), weights)

    def centre_of_mass(self, chosen: NDArray[np.bool_]) -> Vector:
        """Centre of mass (ky, kx) [mrad] of the pixels `chosen`.

        Its standard deviation is ``alpha / 2 / sqrt(N)`` along each axis for N electrons in a disk of
        semi-angle alpha.
        """
        total = self.sum(chosen)
        first = [Estimate(float((k * chosen) @ self.counts), k * chosen) for k in (self.ky, self.kx)]
        return first[0] / total, first[1] / total

    def result(self, estimate: Estimate, looked_at: NDArray[np.bool_], flags: Flags) -> ScalarResult:
        """Turn an estimate into a result; flag too few electrons, full pixels and what is not finite."""
        seen = self.counts[looked_at]
        if seen.sum() < self.how.minimum_electrons * self.how.gain:
            flags |= Flags.TOO_FEW_COUNTS
        if self.how.saturation is not None and (seen >= self.how.saturation).any():
            flags |= Flags.SATURATED
        if not math.isfinite(estimate.value):
            flags |= Flags.FIT_FAILED
        return ScalarResult(estimate.value, estimate.sigma(self.variance), flags)


def condition(how: PatternConditioning, counts: NDArray[np.generic], ky: Angles, kx: Angles) -> Pattern:
    """Put `counts` ``(ky, kx)`` on their angles; a pixel that is NaN is unusable, and left out.

    Raises
    ------
    ValueError
        If pattern and axes don't fit, or a count is infinite.
    """
    data = np.asarray(counts, dtype=np.float64)
    if data.shape != (ky.size, kx.size):
        raise ValueError(f"a pattern of shape {data.shape} does not fit axes of {ky.size} x {kx.size} pixels")
    if np.isinf(data).any():
        raise ValueError(
            f"the pattern is infinite at pixel {tuple(map(int, np.argwhere(np.isinf(data))[0]))}"
        )
    usable = ~np.isnan(data)
    values = data[usable]
    angle_y, angle_x = np.meshgrid(ky - how.centre[0], kx - how.centre[1], indexing="ij")
    # Read noise makes empty pixels negative as often as positive: only together are they right.
    electrons = values if how.read_noise > 0 else np.maximum(values, 0.0)
    variance = how.gain * electrons + how.read_noise**2
    return Pattern(values, variance, angle_y[usable], angle_x[usable], how)
