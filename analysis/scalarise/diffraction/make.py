"""Pattern scalarisers from a configuration."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields
from typing import Any

from . import PATTERN_KINDS
from .pattern import PatternConditioning
from .pattern_scalariser import PatternScalariser
from .virtual_detector import as_annulus

ANNULI = ("annulus", "reference_annulus")
PAIRS = ("centre", "first", "second")  # [ky, kx]


def make_pattern_scalariser(kind: str, **parameters: Any) -> PatternScalariser:
    """Build a pattern scalariser from its kind and named parameters.

    Raises
    ------
    ValueError
        In one line, if a parameter is unknown, missing or impossible.
    """
    measure = PATTERN_KINDS[kind]
    own = {field.name for field in fields(measure)}
    shared = {field.name for field in fields(PatternConditioning)}
    for name in parameters:
        if name not in own | shared:
            raise ValueError(f"{kind} has no parameter {name!r}: use {', '.join(sorted(own | shared))}")
    for field in fields(measure):
        if field.default is MISSING and field.name not in parameters:
            raise ValueError(f"{kind} needs {field.name}: give it")
    optional = {
        field.name for field in (*fields(measure), *fields(PatternConditioning)) if field.default is None
    }
    given = {name: _checked(name, value, name in optional) for name, value in parameters.items()}
    return PatternScalariser(
        measure(**{name: value for name, value in given.items() if name in own}),
        PatternConditioning(**{name: value for name, value in given.items() if name in shared}),
    )


def _checked(name: str, value: Any, optional: bool) -> Any:
    """Make annuli and pairs of lists and refuse what is of no use under this name; files hold anything."""
    if value is None and optional:
        return None
    if name in ANNULI:
        return as_annulus(name, value)
    if name in PAIRS:
        return _pair(name, value)
    if name == "component" and isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name} = {value!r} is no number: give one")
    return value


def _pair(name: str, value: Any) -> tuple[float, float]:
    try:
        ky, kx = map(float, () if isinstance(value, str) else value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {value!r} is no position: give [ky, kx] in mrad") from None
    return ky, kx
