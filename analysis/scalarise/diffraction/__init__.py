"""Diffraction patterns to numbers with their uncertainty; see `stemline.analysis.scalarise`."""

from __future__ import annotations

from typing import Any

from .deflection import Deflection
from .disk_strain import DiskStrain
from .electric_field import ElectricField
from .pattern import PatternConditioning
from .pattern_scalariser import PatternScalariser
from .virtual_detector import VirtualDetectorRatio

__all__ = [
    "PATTERN_KINDS",
    "Deflection",
    "DiskStrain",
    "ElectricField",
    "PatternConditioning",
    "PatternScalariser",
    "VirtualDetectorRatio",
]

PATTERN_KINDS: dict[str, type[Any]] = {
    measure.kind: measure for measure in (Deflection, DiskStrain, ElectricField, VirtualDetectorRatio)
}
