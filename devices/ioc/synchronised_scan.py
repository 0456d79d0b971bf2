"""One scan, with a frame of an armed pixel-array detector at each of its pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .camera_group import ACQUIRE, CameraGroup, Started, Taken
from .driver_process import DriverError
from .exposure import Exposures, Shot
from .records import Records, Refused
from .scan_group import ScanGroup

SLACK = 1e-6  # of a dwell time: rounding of the process variables


@dataclass(frozen=True, eq=False)
class Armed:
    """A detector that waits for the scan.

    Attributes
    ----------
    frames
        What it will do, as a `FrameRequest` has it.
    started, told
        Called when the scan has begun, and with what is known of the frames meanwhile.
    taken
        Will hold the last frame and what the driver's process says of all.
    """

    frames: dict[str, Any]
    started: Started
    told: Callable[[dict[str, Any]], None]
    taken: asyncio.Future[Taken]


class SynchronisedScan:
    """`Scan:Acquire`: one raster with the settings of `Scan:`; the HAADF image of it goes where they all go.

    A pixel-array detector is armed by an acquisition with the trigger mode "External", and the scan triggers
    it. Without one this is what `HAADF:cam1:Acquire` does in its mode "Frame".
    """

    def __init__(self, records: Records, scan: ScanGroup, haadf: CameraGroup, exposures: Exposures) -> None:
        self._scan, self._haadf, self._exposures = scan, haadf, exposures
        self._armed: Armed | None = None
        self._acquire = records.choice("Scan:Acquire", ACQUIRE, self._put)
        exposures.waiting.append(self.disarm)

    async def wait(
        self, frames: dict[str, Any], started: Started, told: Callable[[dict[str, Any]], None]
    ) -> Taken:
        """Arm a detector, and wait until a scan has triggered all its frames.

        Raises
        ------
        Refused
            If the scan was refused.
        DriverError
            If scan or detector failed, or all was called off.
        """
        armed = self._armed = Armed(frames, started, told, asyncio.get_running_loop().create_future())
        try:
            return await armed.taken
        finally:
            if self._armed is armed:
                self._armed = None

    def disarm(self, reason: str) -> None:
        """End the wait for a scan that has not begun."""
        if self._armed is not None and not self._armed.taken.done():
            self._armed.taken.set_exception(DriverError(reason, aborted=True))

    async def _put(self, word: str) -> str:
        if word == ACQUIRE[0]:
            if self._haadf.busy:
                self._exposures.call_off("aborted: Scan:Acquire was set to 0")
            return str(self._acquire.value)
        armed, self._armed = self._armed, None
        try:
            if armed is not None:
                self._check(armed)
            await self._acquire.show(ACQUIRE[1])
            await self._haadf.acquire(lambda started: self._take(armed, started))
        except Exception as error:
            if armed is not None and not armed.taken.done():
                armed.taken.set_exception(_of_the_frames(error))
            raise
        finally:
            await self._acquire.show(ACQUIRE[0])
        return ACQUIRE[0]

    def _check(self, armed: Armed) -> None:
        frame = self._scan.frame
        pixels, count, dwell = frame.num_y * frame.num_x, armed.frames["count"], armed.frames["dwell_time"]
        if count != pixels:
            raise Refused(
                f"the detector is armed for {count} frames, a scan of {frame.num_y} x {frame.num_x} pixels "
                f"triggers {pixels}: set PAD:cam1:NumImages to {pixels}"
            )
        if dwell > frame.dwell_time * (1 + SLACK):
            raise Refused(
                f"frames of {dwell:g} s do not fit pixels of {frame.dwell_time:g} s: set Scan:DwellTime to "
                "PAD:cam1:AcquireTime, or longer"
            )

    async def _take(self, armed: Armed | None, started: Started) -> Taken:
        async def begun() -> None:
            await started()
            if armed is not None:
                await armed.started()

        def shot() -> Shot:
            frame = self._scan.frame
            frames = None if armed is None else {**armed.frames, "trigger": "scan"}
            return Shot("HAADF", "frame", frame.dwell_time, frame.request(), frames)

        image, answer = await self._exposures.take(shot, begun, None if armed is None else armed.told)
        if armed is not None:
            frames = answer["frames"]
            armed.taken.set_result((frames["frame"], frames))
        return image, answer


def _of_the_frames(error: Exception) -> Exception:
    if isinstance(error, DriverError):
        return DriverError(str(error), error.aborted, error.answer.get("frames"))
    return error
