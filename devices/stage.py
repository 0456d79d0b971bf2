"""The specimen stage."""

from __future__ import annotations

from ophyd import Component as Cpt
from ophyd import Device, Kind

from .ioc_link import IOCLink
from .setpoint import Setpoint

TRAVEL_TIME = 60.0  # [s]; a goniometer takes this long to tilt from end to end


class SpecimenStage(Device):  # type: ignore[misc]
    """Position and tilts of the specimen; `declared.only` leaves out those an instrument lacks.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    """

    ioc = Cpt(IOCLink, "IOC:", kind=Kind.omitted)
    x = Cpt(Setpoint, "Stage:X", write_timeout=TRAVEL_TIME, kind=Kind.hinted)  # [nm]
    y = Cpt(Setpoint, "Stage:Y", write_timeout=TRAVEL_TIME, kind=Kind.hinted)  # [nm]
    z = Cpt(Setpoint, "Stage:Z", write_timeout=TRAVEL_TIME, kind=Kind.hinted)  # [nm]
    alpha = Cpt(Setpoint, "Stage:Alpha", write_timeout=TRAVEL_TIME, kind=Kind.hinted)  # [deg]
    beta = Cpt(Setpoint, "Stage:Beta", write_timeout=TRAVEL_TIME, kind=Kind.hinted)  # [deg]
