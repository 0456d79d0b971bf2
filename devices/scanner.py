"""The scan: where the probe is, and the frame that a raster covers."""

from __future__ import annotations

from ophyd import Component as Cpt
from ophyd import Device, Kind

from .ioc_link import IOCLink
from .reading import Reading
from .setpoint import Setpoint


class Scanner(Device):  # type: ignore[misc]
    """Probe position [nm] from the centre of the field of view, +x right, +y down, and what a frame is.

    `x` and `y` are what a plan scans. Their limits are the field of view: along y it is
    ``field_of_view * num_y / num_x``.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    """

    ioc = Cpt(IOCLink, "IOC:", kind=Kind.omitted)
    x = Cpt(Setpoint, "Scan:X", kind=Kind.hinted)  # [nm]
    y = Cpt(Setpoint, "Scan:Y", kind=Kind.hinted)  # [nm]
    field_of_view = Cpt(Setpoint, "Scan:FieldOfView", kind=Kind.config)  # [nm], along x
    rotation = Cpt(Setpoint, "Scan:Rotation", kind=Kind.config)  # [deg]
    num_x = Cpt(Setpoint, "Scan:NumX", kind=Kind.config)
    num_y = Cpt(Setpoint, "Scan:NumY", kind=Kind.config)
    dwell_time = Cpt(Setpoint, "Scan:DwellTime", kind=Kind.config)  # [s] a pixel
    pixel_size = Cpt(Reading, "Scan:PixelSize_RBV", kind=Kind.config)  # [nm]
