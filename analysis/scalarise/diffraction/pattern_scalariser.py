"""One number from one diffraction pattern: a measure of its counts on their angles."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ..estimate import Estimate
from ..result import Flags, ScalarResult
from .pattern import Angles, Pattern, PatternConditioning, condition


class PatternMeasure(Protocol):
    """What is measured: a frozen dataclass of angles and options, and two functions."""

    kind: ClassVar[str]

    @property
    def unit(self) -> str:
        """Of the number."""
        ...

    @property
    def reach(self) -> float:
        """Angle from the centre that the detector must cover along both axes [mrad]; 0 for any."""
        ...

    def looks_at(self, pattern: Pattern) -> NDArray[np.bool_]:
        """Tell the pixels ``(pixels,)`` it depends on."""
        ...

    def estimate(self, pattern: Pattern) -> Estimate:
        """Measure; NaN if the pattern does not allow it."""
        ...


@dataclass(frozen=True)
class PatternScalariser:
    """A measure and what the counts mean; called with a pattern and its axes, gives a `ScalarResult`."""

    measure: PatternMeasure
    conditioning: PatternConditioning = PatternConditioning()

    @property
    def unit(self) -> str:
        """Unit of value and sigma: "mrad", "V", "V/nm", or "" for a ratio or a strain."""
        return self.measure.unit

    def parameters(self) -> dict[str, object]:
        """All parameters, fit for JSON and for `make_scalariser(**parameters)`."""
        flat = {**asdict(self.measure), **asdict(self.conditioning)}  # type: ignore[call-overload]
        listed = {key: list(value) if isinstance(value, tuple) else value for key, value in flat.items()}
        return {"kind": self.measure.kind, **listed}

    def check_axis(self, ky: Angles, kx: Angles) -> None:
        """Raise ValueError, in one line, if the detector does not reach what the measure looks at [mrad]."""
        for name, axis, centre in zip(("ky", "kx"), (ky, kx), self.conditioning.centre, strict=True):
            low, high = float(axis.min()) - centre, float(axis.max()) - centre
            if min(-low, high) < self.measure.reach:
                raise ValueError(
                    f"{self.measure.kind} looks {self.measure.reach:g} mrad far, but {name} has {low:g} to "
                    f"{high:g} mrad: shorten the camera length, or look at smaller angles"
                )

    def __call__(self, counts: NDArray[np.generic], ky: Angles, kx: Angles) -> ScalarResult:
        """Reduce `counts` ``(ky, kx)`` on `ky` ``(ky,)`` and `kx` ``(kx,)`` [mrad]."""
        pattern = condition(self.conditioning, counts, ky, kx)
        return pattern.result(self.measure.estimate(pattern), self.measure.looks_at(pattern), Flags.NONE)
