"""Nion's controls by name, with the SI units that Nion does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BLANKER = "C_Blank"  # not among them: the beam is put on by its lease only

_NUMBERS = {
    "m": ("C10", "C30", "C10Control", "C30Control", "Slit_C10", "Slit_C30"),
    "A": ("BeamCurrent",),
    "V": ("EHT",),
    "kV": ("SuperFEG_HTkV",),  # Nion's own second copy of EHT
    "rad": ("ConvergenceAngle", "Order1MaxAngle", "Order2MaxAngle", "Order3MaxAngle"),
    "eV": ("ZLPoffset", "ZLPtare"),
    "": (
        *("S_VOA", "S_MOA", "S_MC_InsideColumn", "RSquareC2s", "RSquareC3s"),
        *("C1Range", "C2Range", "C3Range", "Order1Patch", "Order2Patch", "Order3Patch"),
    ),
}
_VECTORS = {
    "m": (
        *(f"{part}{name}" for part in ("", "Slit_") for name in ("C12", "C21", "C23", "C32", "C34")),
        *(f"{name}Control" for name in ("C12", "C21", "C23", "C32", "C34")),
        *("stage_position_m", "beam_shift_m", "CSH", "Drift"),
    ),
    "rad": ("CAperture", "CApertureOffset", "SlitTilt"),
    "": ("ApertureRound", "AxisConverter"),
}

UNITS: Mapping[str, str] = MappingProxyType(
    {name: unit for unit, names in _NUMBERS.items() for name in names}
    | {f"{name}.{axis}": unit for unit, names in _VECTORS.items() for name in names for axis in "xy"}
)
