"""The pixel-array detector: a diffraction pattern where the probe stands, or one at each pixel of a scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ophyd import Component as Cpt
from ophyd import EpicsSignal, Kind

from .action import Action
from .detector import Detector
from .flight import Flight
from .frame_file import FrameFile
from .reading import Reading
from .setpoint import Setpoint
from .watched import SETTING, WatchedSetpoint

MIMETYPE = "application/x-stemline-frames"  # of analysis.container, which loads numba
STALL = 8.0  # [s] beyond an exposure that may pass without a new frame


class Pattern(Reading):
    """The last pattern ``(ky, kx)``; the process variable itself is flat."""

    def get(self, **kwargs: Any) -> NDArray[np.generic]:
        """Ask for the pattern in its shape, unless `ask` has just done that."""
        return np.asarray(super().get(**kwargs)).reshape(self.parent.frame_shape)

    def read(self) -> dict[str, dict[str, Any]]:
        """Ask for the pattern in its shape, unless `ask` has just done that."""
        readings = super().read()
        for reading in readings.values():
            reading["value"] = np.asarray(reading["value"]).reshape(self.parent.frame_shape)
        return readings


class PixelArray(Detector):
    """Pixel-array detector with its file, for step scans and for fly scans.

    Triggered, it records one pattern. Flown (`prepare`, `kickoff`, `complete`, `collect_asset_docs`), it
    records one at each pixel of a scan that it starts itself. The patterns go to a file, as the stream key
    `pixel_array_pattern` ``(ky, kx)``; an event of a step scan holds `pixel_array_total` beside it. A plan
    that needs the pattern at once reads `pattern` before it creates the event, and `angles()` once a run.
    """

    frame = "pattern"
    dims = ("ky", "kx")
    ahead = ("total", "saturated", "pattern")

    acquire = Cpt(EpicsSignal, "PAD:cam1:Acquire", put_complete=True, kind=Kind.omitted)
    scan = Cpt(EpicsSignal, "Scan:Acquire", put_complete=True, kind=Kind.omitted)
    acquire_time = Cpt(WatchedSetpoint, "PAD:cam1:AcquireTime", kind=SETTING)  # [s] a pattern
    operating_mode = Cpt(Setpoint, "PAD:cam1:OperatingMode", string=True, limits=False, kind=Kind.config)
    num_images = Cpt(Setpoint, "PAD:cam1:NumImages", kind=Kind.omitted)
    num_images_counter = Cpt(Reading, "PAD:cam1:NumImagesCounter_RBV", kind=Kind.omitted)
    trigger_mode = Cpt(Setpoint, "PAD:cam1:TriggerMode", string=True, limits=False, kind=Kind.omitted)
    state = Cpt(Reading, "PAD:cam1:DetectorState_RBV", string=True, kind=Kind.omitted)
    status_message = Cpt(Reading, "PAD:cam1:StatusMessage_RBV", string=True, kind=Kind.omitted)
    array_counter = Cpt(Reading, "PAD:cam1:ArrayCounter_RBV", kind=Kind.omitted)
    array_size_x = Cpt(Reading, "PAD:cam1:ArraySizeX_RBV", kind=Kind.omitted)
    array_size_y = Cpt(Reading, "PAD:cam1:ArraySizeY_RBV", kind=Kind.omitted)
    data_type = Cpt(Reading, "PAD:cam1:DataType_RBV", string=True, kind=Kind.omitted)
    saturation = Cpt(Reading, "PAD:cam1:Saturation_RBV", kind=Kind.config)  # [counts]
    ky_offset = Cpt(Reading, "PAD:Ky:Offset_RBV", kind=Kind.config)  # [mrad]
    ky_dispersion = Cpt(Reading, "PAD:Ky:Dispersion_RBV", kind=Kind.config)  # [mrad/pixel]
    kx_offset = Cpt(Reading, "PAD:Kx:Offset_RBV", kind=Kind.config)  # [mrad]
    kx_dispersion = Cpt(Reading, "PAD:Kx:Dispersion_RBV", kind=Kind.config)  # [mrad/pixel]
    pattern = Cpt(Pattern, "PAD:image1:ArrayData", kind=Kind.omitted)
    total = Cpt(Reading, "PAD:Stats1:Total_RBV", kind=Kind.hinted)
    saturated = Cpt(Reading, "PAD:Stats1:SaturatedPixels_RBV", kind=Kind.normal)
    hdf1 = Cpt(FrameFile, "PAD:HDF1:", mimetype=MIMETYPE, kind=Kind.omitted)

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self._flight: Flight | None = None
        if self.scan is not None:
            self._flight = Flight(self._exposure, self.scan, self.num_images_counter, self._stall)
        self._expected = 0
        self._ended: Action | None = None

    @property
    def frame_shape(self) -> tuple[int, int]:
        """``(ky, kx)`` of a pattern."""
        return int(self.array_size_y.get()), int(self.array_size_x.get())

    def duration(self) -> float:
        """Exposure time of one pattern [s]."""
        return float(self.acquire_time.get())

    def angles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scattering angles ``(ky,)`` and ``(kx,)`` of rows and columns [mrad] from the vacuum disk."""
        (ny, nx), ky, kx = self.frame_shape, self.ky_offset, self.kx_offset
        return (
            float(ky.get()) + float(self.ky_dispersion.get()) * np.arange(ny, dtype=np.float64),
            float(kx.get()) + float(self.kx_dispersion.get()) * np.arange(nx, dtype=np.float64),
        )

    def stage(self) -> list[object]:
        """Set it up for single patterns, and open a new file."""
        self._expected, self._ended = 0, None
        self._set_up(1, "Internal")
        return list(super().stage())

    def prepare(self, value: int) -> Action:
        """Set it up for `value` patterns, one at each pixel of the next scan."""
        self._expected = value
        return Action(self, lambda: self._set_up(value, "External"))

    def kickoff(self) -> Action:
        """Arm the detector and start the scan.

        Raises
        ------
        RuntimeError
            If it was not prepared, or there is no scanner.
        """
        if self._flight is None or not self._expected:
            raise RuntimeError(f"{self.name}: kickoff needs a scanner, and prepare(number) before it")
        started, self._ended = self._flight.start(self, self._expected)
        self._action = self._ended
        return started

    def complete(self) -> Action:
        """Wait for the last pattern."""
        if self._ended is None:
            raise RuntimeError(f"{self.name}: complete without kickoff")
        return self._ended

    def describe_collect(self) -> dict[str, dict[str, Any]]:
        """Describe the patterns of a fly scan."""
        keys = self.describe()
        return {self._waveform.name: keys[self._waveform.name]} if self.hdf1.capturing else {}

    def get_index(self) -> int:
        """Count the patterns in the file, asking the IOC while they fly."""
        if self._ended is not None:
            self.hdf1.advanced()
        return super().get_index()

    def collect_asset_docs(self, index: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Refer to the newest pattern in the file, or, flying, to all since the last time."""
        if self._ended is None:
            yield from super().collect_asset_docs(index)
        elif self.hdf1.capturing:
            stop = self.get_index() if index is None else index
            yield from self.hdf1.documents(self._waveform.name, lambda: self.frame_shape, stop)

    def unstage(self) -> list[object]:
        """Abort what nobody waits for any more, and close the file."""
        unstaged = super().unstage()
        self._expected, self._ended = 0, None
        return unstaged

    def _set_up(self, count: int, trigger: str) -> None:
        for setting, value in ((self.num_images, count), (self.trigger_mode, trigger)):
            if setting.get() != value:
                setting.set(value).wait()

    def _stall(self) -> float:
        return STALL + 100 * self.duration()
