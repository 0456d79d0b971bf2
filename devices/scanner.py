"""The scan: where the probe is, and the frame that a raster covers."""

from __future__ import annotations

from ophyd import Component as Cpt
from ophyd import Device, Kind

from .ioc_link import IOCLink
from .setpoint import Setpoint
from .watched import SETTING, WatchedReading, WatchedSetpoint


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
    field_of_view = Cpt(WatchedSetpoint, "Scan:FieldOfView", kind=SETTING)  # [nm], along x
    rotation = Cpt(WatchedSetpoint, "Scan:Rotation", kind=SETTING)  # [deg]
    num_x = Cpt(WatchedSetpoint, "Scan:NumX", kind=SETTING)
    num_y = Cpt(WatchedSetpoint, "Scan:NumY", kind=SETTING)
    dwell_time = Cpt(WatchedSetpoint, "Scan:DwellTime", kind=SETTING)  # [s] a pixel
    pixel_size = Cpt(WatchedReading, "Scan:PixelSize_RBV", kind=SETTING)  # [nm]
