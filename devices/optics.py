"""Lenses and apertures."""

from __future__ import annotations

from ophyd import Component as Cpt
from ophyd import Device, Kind

from .ioc_link import IOCLink
from .setpoint import Setpoint


class Optics(Device):  # type: ignore[misc]
    """Probe-forming and projector settings; `declared.only` leaves out those an instrument lacks.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    """

    ioc = Cpt(IOCLink, "IOC:", kind=Kind.omitted)
    convergence_angle = Cpt(Setpoint, "Optics:ConvergenceAngle", kind=Kind.normal)  # [mrad], semi-angle
    collection_angle = Cpt(Setpoint, "Optics:CollectionAngle", kind=Kind.normal)  # [mrad], semi-angle
    camera_length = Cpt(Setpoint, "Optics:CameraLength", kind=Kind.normal)  # [mm]
    defocus = Cpt(Setpoint, "Optics:Defocus", kind=Kind.normal)  # [nm]
