"""Spectra to numbers with their uncertainty: `make_scalariser` builds what a configuration names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from .alignment import common_offset
from .conditioning import Conditioning
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


def make_scalariser(kind: str, **parameters: Any) -> Scalariser:
    """Build a scalariser from its kind and named parameters, those of the measure and of `Conditioning`.

    Raises
    ------
    ValueError
        In one line, if the kind or a parameter is unknown, missing or impossible.
    """
    if kind not in KINDS:
        raise ValueError(f"scalariser kind {kind!r} is unknown: use one of {', '.join(KINDS)}")
    measure = KINDS[kind]
    own = {field.name for field in fields(measure)}
    shared = {field.name for field in fields(Conditioning)}
    for name in parameters:
        if name not in own | shared:
            raise ValueError(f"{kind} has no parameter {name!r}: use {', '.join(sorted(own | shared))}")
    for name in ("window", "reference_window"):
        if name in own and name not in parameters:
            raise ValueError(f"{kind} needs {name}: give [low, high] in eV")
    given: dict[str, Any] = {
        name: as_window(name, value)
        if name in WINDOWS and (value is not None or name in own)
        else _plain(name, value)
        for name, value in parameters.items()
    }
    return Scalariser(
        measure(**{name: value for name, value in given.items() if name in own}),
        Conditioning(**{name: value for name, value in given.items() if name in shared}),
    )


def _plain(name: str, value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str):
        raise ValueError(f"{name} = {value!r} is a list: give one value")
    return value
