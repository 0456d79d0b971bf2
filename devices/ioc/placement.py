"""Where on the specimen the probe is, and how large."""

from __future__ import annotations

import math
from typing import Any

from stemline.twin.probe import FWHM_PER_SIGMA, Probe

from .footprint import Raster
from .records import Records
from .units import DEG, NM


class Placement:
    """Reads probe, frame, stage, drift and optics from the process variables; what is not there counts as 0.

    Parameters
    ----------
    records
        Of the IOC.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    @property
    def fwhm(self) -> float:
        """Of the probe [nm], aberrations aside; 0 where the optics are not known."""
        energy, angle = self._value("Beam:HighTension_RBV"), self._value("Optics:ConvergenceAngle_RBV")
        if energy <= 0 or angle <= 0:
            return 0.0
        return Probe(energy * 1e3, angle, self._value("Optics:Defocus_RBV")).sigma * FWHM_PER_SIGMA

    def spot(self) -> Raster:
        """Give the place where the probe stands."""
        rotation = DEG.to_si(self._value("Scan:Rotation_RBV"))
        return Raster(self._on_specimen(self._value("Scan:Y_RBV"), self._value("Scan:X_RBV"), rotation))

    def raster(self, scan: dict[str, Any]) -> Raster:
        """Give the pixels of a scan, in SI units as the driver's process takes it."""
        pitch = NM.to_pv(scan["field_of_view"]) / scan["nx"]
        rotation = float(scan["rotation"])
        return Raster(self._on_specimen(0.0, 0.0, rotation), (scan["ny"], scan["nx"]), pitch, rotation)

    def _on_specimen(self, y: float, x: float, rotation: float) -> tuple[float, float]:
        cos, sin = math.cos(rotation), math.sin(rotation)
        moved_y = self._value("Stage:Y_RBV") + self._value("Beam:DriftY_RBV")
        moved_x = self._value("Stage:X_RBV") + self._value("Beam:DriftX_RBV")
        return y * cos - x * sin - moved_y, y * sin + x * cos - moved_x

    def _value(self, name: str) -> float:
        record: Any = self._records.pvdb.get(self._records.prefix + name)
        return 0.0 if record is None else float(record.value)
