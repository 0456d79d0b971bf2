"""The process variables of a detector, as areaDetector has them: camera, image and statistics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from caproto import AlarmSeverity, AlarmStatus
from numpy.typing import NDArray

from .areadetector_names import DATA_TYPES, data_type
from .driver_process import DriverError, DriverProcess
from .hdf5_group import HDF5Group
from .records import Choice, Records, Refused, Text

ACQUIRE = ("Done", "Acquire")
# areaDetector's, in its order; not every one is used
STATES = (
    "Idle", "Acquire", "Readout", "Correct", "Saving", "Aborting", "Error", "Waiting", "Initializing",
    "Disconnected", "Aborted",
)  # fmt: skip
SINGLE = ("f4", "f2", "u2", "i2", "u1", "i1")  # what single precision holds exactly

Started = Callable[[], Awaitable[None]]
Taken = tuple[NDArray[np.generic], dict[str, Any]]
Take = Callable[[Started], Awaitable[Taken]]


@dataclass(frozen=True)
class Detector:
    """What a detector is.

    Attributes
    ----------
    name
        The group of its process variables, and its name in the driver's process.
    dtype
        Of its frames.
    shape
        ``(ny, nx)`` of its first frame.
    largest
        Most pixels of a frame.
    statistic
        Name of the process variable that sums up a frame.
    summary
        Gives the statistic from the sum of a frame and its number of pixels.
    take
        Takes one acquisition: calls what it is given once it has begun, and gives the last frame and what the
        driver's process says about it.
    call_off
        Called with the reason to end one.
    areadetector
        Whether its data type has areaDetector's name ("UInt16") instead of numpy's ("<u2").
    """

    name: str
    dtype: str
    shape: tuple[int, int]
    largest: int
    statistic: str
    summary: Callable[[float, int], float]
    take: Take
    call_off: Callable[[str], None]
    areadetector: bool = False


class CameraGroup:
    """`<detector>:cam1:*`, `<detector>:image1:*` and `<detector>:Stats1:*`."""

    def __init__(self, records: Records, detector: Detector, driver: DriverProcess, file: HDF5Group) -> None:
        self._detector, self._driver, self._file = detector, driver, file
        self._busy = False
        name, dtype, (ny, nx) = detector.name, np.dtype(detector.dtype), detector.shape
        self._acquire = records.choice(f"{name}:cam1:Acquire", ACQUIRE, self._put_acquire)
        self._acquiring = records.choice(f"{name}:cam1:Acquire_RBV", ACQUIRE)
        self._state = records.choice(f"{name}:cam1:DetectorState_RBV", STATES)
        self._message = records.text(f"{name}:cam1:StatusMessage_RBV")
        self._counter = records.integer(f"{name}:cam1:ArrayCounter_RBV")
        records.integer(f"{name}:cam1:ArrayCounter", 0, put=self._counter.show)
        self._size_x = records.integer(f"{name}:cam1:ArraySizeX_RBV", nx, "px")
        self._size_y = records.integer(f"{name}:cam1:ArraySizeY_RBV", ny, "px")
        self._data_type: Choice | Text
        if detector.areadetector:
            known = DATA_TYPES.index(data_type(detector.dtype))
            self._data_type = records.choice(f"{name}:cam1:DataType_RBV", DATA_TYPES, initial=known)
            records.choice(f"{name}:cam1:DataType", DATA_TYPES, self._refuse_data_type, initial=known)
        else:
            self._data_type = records.text(f"{name}:cam1:DataType_RBV", dtype.str)
        self._image = records.waveform(
            f"{name}:image1:ArrayData", detector.largest, dtype.str[1:] in SINGLE, "counts"
        )
        self._statistic = records.number(f"{name}:Stats1:{detector.statistic}", 0.0, "counts")

    @property
    def busy(self) -> bool:
        """Whether it acquires, or waits for the scan to begin."""
        return self._busy

    async def show_size(self, ny: int, nx: int) -> None:
        """Show the size of the next frame."""
        await self._size_x.show(nx)
        await self._size_y.show(ny)

    async def show_dtype(self, dtype: str) -> None:
        """Show the dtype of the next frame."""
        await self._data_type.show(data_type(dtype) if self._detector.areadetector else np.dtype(dtype).str)

    async def show_waiting(self) -> None:
        """Show that it waits for something else to begin."""
        await self._state.show("Waiting")

    async def lost(self, message: str) -> None:
        """Show that the driver's process is gone."""
        await self._fail("Error", message, AlarmSeverity.INVALID_ALARM)

    async def acquire(self, take: Take) -> None:
        """Take one acquisition, and show how it goes.

        Raises
        ------
        Refused
            If another one is going on, or the frames can't be written.
        DriverError
            If it failed.
        """
        if self._busy:
            raise Refused(f"{self._detector.name} is acquiring: wait until it is done")
        self._busy = True
        try:
            await self._show_acquire(ACQUIRE[1])
            frame, answer = await take(self._started)
            await self.publish(frame, answer["total"], answer.get("fresh", 1))
            await self._file.wrote(answer)
            await self._state.show("Idle")
        except Exception as error:
            aborted = isinstance(error, DriverError) and error.aborted
            if isinstance(error, DriverError):
                await self._file.count(error.answer)
            severity = AlarmSeverity.MAJOR_ALARM if self._driver.alive else AlarmSeverity.INVALID_ALARM
            await self._fail("Aborted" if aborted else "Error", str(error), severity)
            raise
        finally:
            self._busy = False
            await self._show_acquire(ACQUIRE[0])

    async def publish(self, frame: NDArray[np.generic], total: float, fresh: int) -> None:
        """Show the last frame, of `fresh` new ones."""
        await self._image.show(frame.ravel())
        await self._statistic.show(self._detector.summary(total, frame.size))
        await self._counter.show(self._counter.value + fresh)

    async def _put_acquire(self, word: str) -> str:
        if word == ACQUIRE[0]:
            if self._busy:
                self._detector.call_off(f"aborted: {self._detector.name}:cam1:Acquire was set to 0")
            return str(self._acquire.value)
        await self.acquire(self._detector.take)
        return ACQUIRE[0]

    async def _refuse_data_type(self, word: str) -> None:
        if word != self._data_type.value:
            raise Refused(f"{self._detector.name}:cam1:DataType = {word} is refused: the mode decides it")

    async def _show_acquire(self, word: str) -> None:
        await self._acquire.show(word)
        await self._acquiring.show(word)

    async def _started(self) -> None:
        await self._state.show("Acquire")
        await self._state.set_alarm(AlarmSeverity.NO_ALARM)
        if self._message.value:
            await self._message.show("")

    async def _fail(self, state: str, message: str, severity: AlarmSeverity) -> None:
        await self._message.show(message)
        await self._state.show(state)
        await self._state.set_alarm(severity, AlarmStatus.READ)
