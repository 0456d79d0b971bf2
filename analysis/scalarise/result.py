"""What a scalariser returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag


class Flags(IntFlag):
    """Why a value is not to be trusted; 0 when it is."""

    NONE = 0
    SATURATED = 1
    TOO_FEW_COUNTS = 2
    FIT_FAILED = 4


@dataclass(frozen=True)
class ScalarResult:
    """A number, its standard deviation and what is wrong with it.

    Attributes
    ----------
    value
        In the scalariser's `unit`; NaN where none could be had.
    sigma
        Standard deviation from the counting statistics, that of the background included; NaN with `value`.
    flags
        Of the spectrum and the fits.
    shift
        What the alignment added to the recorded energy axis [eV].
    """

    value: float
    sigma: float
    flags: Flags = Flags.NONE
    shift: float = 0.0
