"""Spectra and diffraction patterns to numbers with their uncertainty.

`make_scalariser` builds what a configuration names.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from .alignment import common_offset
from .conditioning import Conditioning
from .diffraction import PATTERN_KINDS, PatternScalariser
from .diffraction.make import make_pattern_scalariser
from .integrated_intensity import IntegratedIntensity
from .peak_energy import PeakEnergy
from .result import Flags, ScalarResult
from .scalariser import Measure, Scalariser
from .window import as_window
from .window_maximum import WindowMaximum
from .window_ratio import WindowRatio

__all__ = [
    "KINDS",
    "Conditioning",
    "Flags",
    "IntegratedIntensity",
    "Measure",
    "PATTERN_KINDS",
    "PatternScalariser",
    "PeakEnergy",
    "ScalarResult",
    "Scalariser",
    "WindowMaximum",
    "WindowRatio",
    "common_offset",
    "make_scalariser",
]

KINDS: dict[str, type[Any]] = {
    measure.kind: measure for measure in (IntegratedIntensity, PeakEnergy, WindowMaximum, WindowRatio)
}
WINDOWS = ("window", "reference_window", "fit_window", "search", "normalisation_window")
WORDS = ("background", "alignment", "normalisation")


def make_scalariser(kind: str = "", **parameters: Any) -> Scalariser | PatternScalariser:
    """Build a scalariser from its kind and named parameters.

    Those of the measure, and of `Conditioning`, or of `PatternConditioning` if it is one of patterns.

    Raises
    ------
    ValueError
        In one line, if the kind or a parameter is unknown, missing or impossible.
    """
    if isinstance(kind, str) and kind in PATTERN_KINDS:
        return make_pattern_scalariser(kind, **parameters)
    if not isinstance(kind, str) or kind not in KINDS:
        known = ", ".join([*KINDS, *PATTERN_KINDS])
        raise ValueError(f"scalariser kind {kind!r} is unknown: use one of {known}")
    measure = KINDS[kind]
    own = {field.name for field in fields(measure)}
    shared = {field.name for field in fields(Conditioning)}
    for name in parameters:
        if name not in own | shared:
            raise ValueError(f"{kind} has no parameter {name!r}: use {', '.join(sorted(own | shared))}")
    for name in ("window", "reference_window"):
        if name in own and name not in parameters:
            raise ValueError(f"{kind} needs {name}: give [low, high] in eV")
    optional = {field.name for field in (*fields(measure), *fields(Conditioning)) if field.default is None}
    given = {name: _checked(name, value, name in optional) for name, value in parameters.items()}
    return Scalariser(
        measure(**{name: value for name, value in given.items() if name in own}),
        Conditioning(**{name: value for name, value in given.items() if name in shared}),
    )


def _checked(name: str, value: Any, optional: bool) -> Any:
    """Make a window of a list and refuse what is of no use under this name; files hold anything."""
    if value is None and optional:
        return None
    if name in WINDOWS:
        return as_window(name, value)
    wanted = str if name in WORDS else int if name == "channel" else (int, float)
    if (
        isinstance(value, bool)
        or not isinstance(value, wanted)
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        kind = "word" if name in WORDS else "whole number" if name == "channel" else "number"
        raise ValueError(f"{name} = {value!r} is no {kind}: give one")
    return value
