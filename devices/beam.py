"""The beam: what comes down the column, and what the specimen has received."""

from __future__ import annotations

from ophyd import Component as Cpt
from ophyd import Device, EpicsSignal, Kind

from .ioc_link import IOCLink
from .reading import Reading
from .setpoint import Setpoint
from .watched import WatchedSetpoint


class Beam(Device):  # type: ignore[misc]
    """Current, blanker and dose counters. The IOC alone blanks and unblanks: nothing is set for that.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    """

    ioc = Cpt(IOCLink, "IOC:", kind=Kind.omitted)
    current = Cpt(WatchedSetpoint, "Beam:Current", kind=Kind.normal)  # [pA]
    high_tension = Cpt(Reading, "Beam:HighTension_RBV", kind=Kind.config)  # [kV]
    electrons = Cpt(Reading, "Beam:Electrons_RBV", kind=Kind.normal)  # since the last reset
    on_time = Cpt(Reading, "Beam:OnTime_RBV", kind=Kind.normal)  # [s] since the last reset
    blanked = Cpt(Reading, "Beam:Blanked_RBV", string=True, kind=Kind.normal)
    settle_time = Cpt(Setpoint, "Beam:SettleTime", kind=Kind.config)  # [s]
    electron_budget = Cpt(Setpoint, "Beam:ElectronBudget", kind=Kind.config)  # 0 for none
    reset_electrons = Cpt(EpicsSignal, "Beam:ResetElectrons", put_complete=True, kind=Kind.omitted)
