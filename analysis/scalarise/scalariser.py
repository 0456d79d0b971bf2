"""One number from one spectrum: a measure of a conditioned spectrum."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from .background import FitFailedError
from .conditioned import Conditioned, condition
from .conditioning import Conditioning
from .estimate import Estimate
from .result import Flags, ScalarResult
from .window import Window


class Measure(Protocol):
    """What is measured: a frozen dataclass of windows and options, and one function."""

    kind: ClassVar[str]
    unit: ClassVar[str]

    @property
    def windows(self) -> dict[str, Window]:
        """The windows that must lie on the axis, by parameter name."""
        ...

    def estimate(self, spectrum: Conditioned) -> Estimate:
        """Measure; FitFailedError if the spectrum does not allow it."""
        ...


@dataclass(frozen=True)
class Scalariser:
    """A measure and what is done to the spectrum before; called with a spectrum, gives a `ScalarResult`.

    Raises
    ------
    ValueError
        If the parameters contradict one another.
    """

    measure: Measure
    conditioning: Conditioning = Conditioning()

    def __post_init__(self) -> None:
        self.conditioning.check_windows(self.measure.windows)
        if self.measure.unit != "counts" and self.conditioning.normalisation != "none":
            raise ValueError(f"{self.measure.kind} does not change with the counts: leave normalisation out")

    @property
    def unit(self) -> str:
        """Unit of value and sigma: "eV", "counts", or "" for a ratio."""
        return self.measure.unit if self.conditioning.normalisation == "none" else ""

    def parameters(self) -> dict[str, object]:
        """All parameters, fit for JSON and for `make_scalariser(**parameters)`."""
        flat = {**asdict(self.measure), **asdict(self.conditioning)}  # type: ignore[call-overload]
        listed = {key: list(value) if isinstance(value, tuple) else value for key, value in flat.items()}
        return {"kind": self.measure.kind, **listed}

    def check_axis(self, energy: NDArray[np.float64]) -> None:
        """Raise ValueError, in one line, if a window or a reference is off the axis ``(energy,)`` [eV]."""
        self.conditioning.check_axis(energy, self.measure.windows)

    def __call__(self, spectrum: NDArray[np.generic], energy: NDArray[np.float64]) -> ScalarResult:
        """Reduce `spectrum` ``(energy,)`` [counts] on `energy` ``(energy,)`` [eV]."""
        try:
            conditioned = condition(self.conditioning, spectrum, energy, self.measure.windows)
        except FitFailedError:
            return ScalarResult(math.nan, math.nan, Flags.FIT_FAILED)
        try:
            estimate = self.measure.estimate(conditioned)
        except FitFailedError:
            flags = conditioned.flags | Flags.FIT_FAILED
            return ScalarResult(math.nan, math.nan, flags, conditioned.shift.value)
        return conditioned.result(estimate)
