"""The pixel-array detector: which settings make an acquisition of it, by areaDetector's names."""

from __future__ import annotations

import asyncio
from typing import Any

from .areadetector_names import add_camera_names, add_plugin_names
from .camera_group import CameraGroup, Detector, Started, Taken
from .description import PIXEL_ARRAY, FrameSourceDescription, ModeDescription
from .driver_process import DriverError, DriverProcess
from .exposure import Exposures, Shot
from .hdf5_group import HDF5Group
from .records import Records, Refused, put_limits
from .synchronised_scan import SynchronisedScan
from .units import MRAD, S

IMAGE_MODES = ("Single", "Multiple", "Continuous")
TRIGGER_MODES = ("Internal", "External")
MOST_FRAMES = 2**31 - 1
ACQUIRE_TIME = 1e-3  # [s] what a 12 bit counting detector of 256 x 256 pixels does at full speed


class PixelArrayGroup:
    """`PAD:*`.

    An acquisition takes `NumImages` frames where the probe stands, or, with the trigger mode "External",
    waits for `Scan:Acquire` and takes one at each pixel of the scan.

    Attributes
    ----------
    camera
        Its process variables that all detectors have.
    """

    def __init__(
        self,
        records: Records,
        source: FrameSourceDescription,
        scan: SynchronisedScan | None,
        driver: DriverProcess,
        exposures: Exposures,
        file: HDF5Group,
    ) -> None:
        self._source, self._scan, self._driver = source, scan, driver
        self._exposures, self._file = exposures, file
        self._news: dict[str, Any] | None = None
        self._showing: asyncio.Task[None] | None = None
        self._shown = 0
        cam, (ny, nx), first = "PAD:cam1:", source.shape, source.modes[0]
        low, high = first.dwell_time
        self._narrowed = records.narrowed(cam + "AcquireTime", _widest(source.modes))
        time = min(max(ACQUIRE_TIME, low, self._narrowed[0]), high, self._narrowed[1])
        self._time = records.number(cam + "AcquireTime_RBV", time, S.name, precision=6)
        self._time_put = records.setting(cam + "AcquireTime", self._time, self._narrowed, self._set_time)
        self._period = records.number(cam + "AcquirePeriod_RBV", time, S.name, precision=6)
        records.number(cam + "AcquirePeriod", time, S.name, self._set_period, precision=6)
        self._count = records.integer(cam + "NumImages_RBV", 1)
        records.setting(cam + "NumImages", self._count, (1, MOST_FRAMES), _as_asked)
        self._taken = records.integer(cam + "NumImagesCounter_RBV")
        records.choice(cam + "ImageMode", IMAGE_MODES, self._set_image_mode, initial=1)
        self._image_mode = records.choice(cam + "ImageMode_RBV", IMAGE_MODES, initial=1)
        records.choice(cam + "TriggerMode", TRIGGER_MODES, self._set_trigger_mode)
        self._trigger_mode = records.choice(cam + "TriggerMode_RBV", TRIGGER_MODES)
        names = tuple(mode.name for mode in source.modes)
        records.choice(cam + "OperatingMode", names, self._set_mode)
        self._mode = records.choice(cam + "OperatingMode_RBV", names)
        self._saturation = records.number(cam + "Saturation_RBV", first.saturation, "counts")
        self._saturated = records.integer("PAD:Stats1:SaturatedPixels_RBV")
        for axis, offset, scale in zip(("Ky", "Kx"), source.offset, source.scale, strict=True):
            records.number(f"PAD:{axis}:Offset_RBV", MRAD.to_pv(offset), MRAD.name, precision=6)
            records.number(f"PAD:{axis}:Dispersion_RBV", MRAD.to_pv(scale), MRAD.name, precision=6)
        add_camera_names(records, cam, (ny, nx))
        add_plugin_names(records, "PAD:HDF1:", (ny, nx))
        detector = Detector(
            name=PIXEL_ARRAY,
            dtype=first.dtype,
            shape=(ny, nx),
            largest=ny * nx,
            statistic="Total_RBV",
            summary=lambda total, size: total,
            take=self._take,
            call_off=self._exposures.call_off,
            areadetector=True,
        )
        self.camera = CameraGroup(records, detector, driver, file)

    @property
    def _operating(self) -> ModeDescription:
        return next(mode for mode in self._source.modes if mode.name == self._mode.value)

    @property
    def _limits(self) -> tuple[float, float]:
        low, high = self._operating.dwell_time
        return max(low, self._narrowed[0]), min(high, self._narrowed[1])

    def _frames(self) -> dict[str, Any]:
        count = 1 if self._image_mode.value == IMAGE_MODES[0] else int(self._count.value)
        self._file.check_room(count)
        return {"count": count, "dwell_time": float(self._time.value), "mode": str(self._mode.value)}

    async def _take(self, started: Started) -> Taken:
        frames = self._frames()
        self._shown = 0
        await self._show({"count": 0, "saturated": 0})
        try:
            if self._trigger_mode.value == TRIGGER_MODES[1] and self._scan is not None:
                await self.camera.show_waiting()
                frame, report = await self._scan.wait(frames, started, self._told)
            else:
                frame, report = await self._alone(frames, started)
        except DriverError as error:
            await self._settle()
            if "count" in error.answer:
                await self._show(error.answer)
            raise
        await self._settle()
        fresh = report["count"] - self._shown
        await self._show(report)
        return frame, {**report, "fresh": fresh}

    async def _alone(self, frames: dict[str, Any], started: Started) -> Taken:
        def shot() -> Shot:
            return Shot(PIXEL_ARRAY, "frames", frames["dwell_time"], {}, {**frames, "trigger": "internal"})

        try:
            frame, answer = await self._exposures.take(shot, started, self._told)
        except DriverError as error:
            raise DriverError(str(error), error.aborted, error.answer.get("frames")) from None
        return frame, answer["frames"]

    def _told(self, news: dict[str, Any]) -> None:
        """Show news while frames come in; what comes too quickly is left out."""
        if "frames" in news:
            self._news = news["frames"]
            if self._showing is None or self._showing.done():
                self._showing = asyncio.get_running_loop().create_task(self._show_news())

    async def _show_news(self) -> None:
        while self._news is not None:
            report, self._news = self._news, None
            fresh, self._shown = report["count"] - self._shown, report["count"]
            await self._show(report)
            await self._file.count(report)
            await self.camera.publish(self._driver.frame(report), report["total"], fresh)

    async def _settle(self) -> None:
        if self._showing is not None:
            await self._showing

    async def _show(self, report: dict[str, Any]) -> None:
        await self._taken.show(report["count"])
        await self._saturated.show(report["saturated"])

    async def _set_time(self, seconds: float) -> float:
        low, high = self._limits
        if not low <= seconds <= high:
            raise Refused(
                f"PAD:cam1:AcquireTime = {seconds:g} s is refused: mode {self._mode.value} takes frames of "
                f"{low:g} to {high:g} s"
            )
        await self._period.show(seconds)
        return seconds

    async def _set_period(self, seconds: float) -> float:
        if not 0 <= seconds <= self._time.value:
            raise Refused(
                f"PAD:cam1:AcquirePeriod = {seconds:g} s is refused: frames follow one another without a "
                "break, set AcquireTime"
            )
        return float(self._time.value)

    async def _set_image_mode(self, word: str) -> None:
        if word == "Continuous":
            raise Refused(
                "PAD:cam1:ImageMode = Continuous is refused: every exposure has its number of frames"
            )
        await self._image_mode.show(word)

    async def _set_trigger_mode(self, word: str) -> None:
        if word == "External" and (self._scan is None or "scan" not in self._source.triggers):
            raise Refused(
                "PAD:cam1:TriggerMode = External is refused: this instrument has no scan to trigger it"
            )
        await self._trigger_mode.show(word)

    async def _set_mode(self, word: str) -> None:
        if self.camera.busy:
            raise Refused("PAD:cam1:OperatingMode can't be changed while the detector acquires: wait for it")
        await self._mode.show(word)
        mode, (low, high) = self._operating, self._limits
        await self._saturation.show(mode.saturation)
        await self.camera.show_dtype(mode.dtype)
        seconds = min(max(self._time.value, low), high)
        put_limits(self._time_put, (low, high))
        for record in (self._time, self._time_put, self._period):
            await record.show(seconds)


async def _as_asked(value: int) -> int:
    return value


def _widest(modes: tuple[ModeDescription, ...]) -> tuple[float, float]:
    return min(mode.dwell_time[0] for mode in modes), max(mode.dwell_time[1] for mode in modes)
