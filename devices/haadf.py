"""The annular dark-field detector: images of a raster, or one pixel where the probe stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ophyd import Component as Cpt
from ophyd import Device, EpicsSignal, Kind

from .action import Action
from .exposure import Exposure, call_off
from .frame_file import DataRoots, FrameFile
from .ioc_link import IOCLink
from .reading import Reading
from .setpoint import Setpoint


class Image(Reading):
    """The last frame ``(ny, nx)``; the process variable itself is flat."""

    def get(self, **kwargs: Any) -> NDArray[np.generic]:
        """Read the frame in the shape that its detector is set to."""
        ny, nx = self.parent.frame_shape
        return np.asarray(super().get(count=ny * nx, **kwargs)).reshape(ny, nx)


class Haadf(Device):  # type: ignore[misc]
    """HAADF detector with its file; `scan_mode` is "Frame" (the raster that the scanner is set to) or "Spot".

    An event holds `haadf_mean`; the frame goes to a file, as the stream key `haadf_image` ``(ny, nx)``. The
    shape is fixed from `stage` to `unstage`. A plan that needs the frame reads `image` before it creates the
    event.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    roots
        Where the IOC writes frames and readers find them; None writes none.
    """

    ioc = Cpt(IOCLink, "IOC:", kind=Kind.omitted)
    acquire = Cpt(EpicsSignal, "HAADF:cam1:Acquire", put_complete=True, kind=Kind.omitted)
    scan_mode = Cpt(Setpoint, "HAADF:cam1:ScanMode", string=True, limits=False, kind=Kind.config)
    state = Cpt(Reading, "HAADF:cam1:DetectorState_RBV", string=True, kind=Kind.omitted)
    status_message = Cpt(Reading, "HAADF:cam1:StatusMessage_RBV", string=True, kind=Kind.omitted)
    array_counter = Cpt(Reading, "HAADF:cam1:ArrayCounter_RBV", kind=Kind.omitted)
    array_size_x = Cpt(Reading, "HAADF:cam1:ArraySizeX_RBV", kind=Kind.omitted)
    array_size_y = Cpt(Reading, "HAADF:cam1:ArraySizeY_RBV", kind=Kind.omitted)
    data_type = Cpt(Reading, "HAADF:cam1:DataType_RBV", string=True, kind=Kind.omitted)
    image = Cpt(Image, "HAADF:image1:ArrayData", kind=Kind.omitted)
    mean = Cpt(Reading, "HAADF:Stats1:MeanValue_RBV", kind=Kind.hinted)
    dwell_time = Cpt(Reading, "Scan:DwellTime_RBV", kind=Kind.config)  # [s]
    pixel_size = Cpt(Reading, "Scan:PixelSize_RBV", kind=Kind.config)  # [nm]
    rotation = Cpt(Reading, "Scan:Rotation_RBV", kind=Kind.config)  # [deg]
    hdf1 = Cpt(FrameFile, "HAADF:HDF1:", kind=Kind.omitted)

    def __init__(self, prefix: str, *, roots: DataRoots | None = None, **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self.hdf1.roots = roots
        self._exposure = Exposure(self.acquire, self.state, self.status_message, self.hdf1, self._duration)
        self._action: Action | None = None

    @property
    def frame_shape(self) -> tuple[int, int]:
        """``(ny, nx)`` of the next frame."""
        return int(self.array_size_y.get()), int(self.array_size_x.get())

    def trigger(self) -> Action:
        """Take one frame; the status fails with the IOC's status message."""
        self._action = self._exposure.start(self)
        return self._action

    def unstage(self) -> list[object]:
        """Abort an exposure that nobody waits for any more, and close the file."""
        call_off(self._action, self.ioc)
        return list(super().unstage())

    def pause(self) -> None:
        """Abort an exposure in progress, so that a pause of the RunEngine blanks the beam at once."""
        call_off(self._action, self.ioc)

    def resume(self) -> None:
        """Nothing is to be taken up: Bluesky repeats the point from its last checkpoint."""

    def describe(self) -> dict[str, dict[str, Any]]:
        """Describe the readings, and the frames if they are written."""
        keys: dict[str, dict[str, Any]] = super().describe()
        if self.hdf1.capturing:
            keys[self._image_key] = {
                "source": f"PV:{self.image.pvname}",
                "dtype": "array",
                "dtype_numpy": np.dtype(self.data_type.get()).str,
                "shape": list(self.frame_shape),
                "dims": ["y", "x"],
                "units": "counts",
                "external": "STREAM:",
            }
        return keys

    def get_index(self) -> int:
        """Count the frames in the file."""
        return int(self.hdf1.captured)

    def collect_asset_docs(self, index: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Refer to the newest frame in the file."""
        if self.hdf1.capturing:
            yield from self.hdf1.documents(self._image_key, lambda: self.frame_shape)

    @property
    def _image_key(self) -> str:
        return f"{self.name}_image"

    def _duration(self) -> float:
        ny, nx = self.frame_shape
        return ny * nx * float(self.dwell_time.get())
