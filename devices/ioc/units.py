"""The units of the process variables, and the SI units of the drivers: converted here and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit of a process variable; ``value [name] = per_si * value [SI, or eV]``."""

    name: str
    per_si: float

    def to_pv(self, si: float) -> float:
        """Express a driver's value in this unit; 12 digits, which hides what the conversion adds."""
        return float(f"{si * self.per_si:.12g}")

    def to_si(self, value: float) -> float:
        """Express a process variable's value as the drivers take it."""
        return value / self.per_si


NM = Unit("nm", 1e9)
MRAD = Unit("mrad", 1e3)
DEG = Unit("deg", 180 / math.pi)
MM = Unit("mm", 1e3)
PA = Unit("pA", 1e12)
KV = Unit("kV", 1e-3)
S = Unit("s", 1.0)
EV = Unit("eV", 1.0)
