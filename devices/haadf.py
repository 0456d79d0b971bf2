"""The annular dark-field detector: images of a raster, or one pixel where the probe stands."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from ophyd import Component as Cpt
from ophyd import EpicsSignal, Kind

from .detector import Detector
from .frame_file import FrameFile
from .reading import Reading
from .setpoint import Setpoint
from .watched import SETTING, WatchedReading


class Image(Reading):
    """The last frame ``(ny, nx)``; the process variable itself is flat."""

    def get(self, **kwargs: Any) -> NDArray[np.generic]:
        """Read the frame in the shape that its detector is set to."""
        ny, nx = self.parent.frame_shape
        return np.asarray(super().get(count=ny * nx, **kwargs)).reshape(ny, nx)


class Haadf(Detector):
    """HAADF detector with its file; `scan_mode` is "Frame" (the raster that the scanner is set to) or "Spot".

    An event holds `haadf_mean` and how the frame was scanned; the frame goes to a file, as the stream key
    `haadf_image` ``(ny, nx)``. A plan that needs the frame reads `image` before it creates the event.
    """

    frame = "image"
    dims = ("y", "x")
    ahead = ("mean",)

    acquire = Cpt(EpicsSignal, "HAADF:cam1:Acquire", put_complete=True, kind=Kind.omitted)
    scan_mode = Cpt(Setpoint, "HAADF:cam1:ScanMode", string=True, limits=False, kind=SETTING)
    state = Cpt(Reading, "HAADF:cam1:DetectorState_RBV", string=True, kind=Kind.omitted)
    status_message = Cpt(Reading, "HAADF:cam1:StatusMessage_RBV", string=True, kind=Kind.omitted)
    array_counter = Cpt(Reading, "HAADF:cam1:ArrayCounter_RBV", kind=Kind.omitted)
    array_size_x = Cpt(Reading, "HAADF:cam1:ArraySizeX_RBV", kind=Kind.omitted)
    array_size_y = Cpt(Reading, "HAADF:cam1:ArraySizeY_RBV", kind=Kind.omitted)
    data_type = Cpt(Reading, "HAADF:cam1:DataType_RBV", string=True, kind=Kind.omitted)
    image = Cpt(Image, "HAADF:image1:ArrayData", kind=Kind.omitted)
    mean = Cpt(Reading, "HAADF:Stats1:MeanValue_RBV", kind=Kind.hinted)
    dwell_time = Cpt(WatchedReading, "Scan:DwellTime_RBV", kind=SETTING)  # [s]
    pixel_size = Cpt(WatchedReading, "Scan:PixelSize_RBV", kind=SETTING)  # [nm]
    rotation = Cpt(WatchedReading, "Scan:Rotation_RBV", kind=SETTING)  # [deg]
    hdf1 = Cpt(FrameFile, "HAADF:HDF1:", kind=Kind.omitted)

    @property
    def frame_shape(self) -> tuple[int, int]:
        """``(ny, nx)`` of the next frame."""
        return int(self.array_size_y.get()), int(self.array_size_x.get())

    def duration(self) -> float:
        """Pixels times dwell time [s]."""
        ny, nx = self.frame_shape
        return ny * nx * float(self.dwell_time.get())
