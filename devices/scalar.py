"""What a spectrum was reduced to, as a reading of the event that the spectrum belongs to."""

from __future__ import annotations

from typing import Any

from ophyd import Component as Cpt
from ophyd import Device, Kind
from ophyd.status import Status

from stemline.analysis.scalarise import ScalarResult

from .quantity import Quantity


class Scalar(Device):  # type: ignore[misc]
    """Set it to a scalariser's result, then read it.

    Parameters
    ----------
    units
        Of value and sigma.
    origin
        Name of the scalariser: the `source` of the data keys.
    """

    value = Cpt(Quantity, value=float("nan"), kind=Kind.hinted)
    sigma = Cpt(Quantity, value=float("nan"), kind=Kind.normal)
    flags = Cpt(Quantity, value=0, kind=Kind.normal)
    shift = Cpt(Quantity, value=0.0, units="eV", kind=Kind.normal)

    def __init__(self, prefix: str = "", *, units: str = "", origin: str = "", **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self.value.units = self.sigma.units = units
        for signal in (self.value, self.sigma, self.flags, self.shift):
            signal.origin = origin

    def set(self, result: ScalarResult) -> Status:
        """Take a result; done at once."""
        self.value.put(float(result.value))
        self.sigma.put(float(result.sigma))
        self.flags.put(int(result.flags))
        self.shift.put(float(result.shift))
        status = Status(self)
        status.set_finished()
        return status
