"""What the driver's process does when the IOC asks: drive the instrument, share and write its frames."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..instruments.protocol import (
    Calibrated,
    FrameRequest,
    Instrument,
    InstrumentError,
    ScanRequest,
)
from .description import PIXEL_ARRAY
from .failure import failure, one_line
from .frame_file import FrameFile
from .frame_sink import FrameSink
from .frame_stream import take_frames, take_scan
from .shutter import Shutter

if TYPE_CHECKING:
    from .encoded_file import EncodedFile

LAPSED = "the beam was blanked: the IOC did not renew the lease; it was frozen, or the machine too busy"


class Worker:
    """What the IOC can ask for; each method is one request and gives its answer.

    Parameters
    ----------
    instrument
        Is blanked to begin with.

    Attributes
    ----------
    actions
        The requests by name.
    broken_files
        Kept, for HDF5 must not try to close them.
    tell
        Called with what the IOC shall know before the answer.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._shutter = Shutter(instrument.blanker)
        self._files: dict[str, FrameFile] = {}
        self._patterns: EncodedFile | None = None
        self.broken_files: list[FrameFile | EncodedFile] = []
        self._block: SharedMemory | None = None
        if instrument.frame_source is not None:
            dtypes = {mode.dtype for mode in instrument.frame_source.modes}
            threading.Thread(target=_prepare_encoding, args=(dtypes,), daemon=True).start()
        self.tell: Callable[[dict[str, Any]], None] = _nobody
        self._lapses: float | None = None
        self._lapsed = False
        self.actions: dict[str, Callable[..., dict[str, Any]]] = {
            "attach": self.attach,
            "configure": self.configure,
            "move": self.move,
            "set": self.set,
            "expose": self.expose,
            "open": self.open,
            "shut": self.shut,
        }

    def begin(self, ticket: int) -> None:
        """Say which request is the next."""
        self._lapsed = False
        self._shutter.begin(ticket)

    def attach(self, block: str) -> dict[str, Any]:
        """Use the named block of shared memory for frames."""
        self._block = SharedMemory(name=block)
        return {}

    def configure(self, scan: dict[str, Any]) -> dict[str, Any]:
        """Set the frame that probe positions refer to."""
        assert self.instrument.scanner is not None
        self.instrument.scanner.configure(_scan_request(**scan))
        return {}

    def move(self, y: float, x: float) -> dict[str, Any]:
        """Move the probe to (y, x) [m]."""
        assert self.instrument.scanner is not None
        self.instrument.scanner.move(y, x)
        return {}

    def set(self, name: str, value: float) -> dict[str, Any]:
        """Set a control [SI]; the answer holds its readback."""
        controls = self.instrument.controls
        assert controls is not None
        controls.set(name, value)
        return {"readback": controls.state().values[name].readback}

    def expose(
        self,
        detector: str,
        mode: str,
        dwell: float,
        scan: dict[str, Any],
        settle: float,
        frames: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Unblank, settle, expose, blank; then share the frame, and write it if a file is open.

        With `frames` (of a `FrameRequest`) the pixel-array detector records them: alone where `mode` is
        "frames", else one at each pixel of the scan.
        """
        answer: dict[str, Any] = {}
        stream = None if frames is None else self._stream(frames)
        try:
            answer |= self._state()
            self._shutter.open(settle)
            frame = self._measure(detector, mode, dwell, scan, stream)
            if stream is None:
                self._shutter.check()
            self._shutter.close()
            if frame is not None:
                answer |= self._share(frame.data)
        except Exception as error:
            answer |= failure(InstrumentError(LAPSED) if self._lapsed else error)
        finally:
            self._shutter.close()
        answer |= {"on_time": self._shutter.on_time, "blanked": self._shutter.blanked}
        if stream is not None:
            answer["frames"] = stream.end()
        if "error" not in answer and frame is not None and detector in self._files:
            answer |= _append(self._files[detector], frame)
        return answer

    def open(self, detector: str, path: str) -> dict[str, Any]:
        """Open a new file for the frames of `detector`."""
        self.shut(detector)
        if os.path.lexists(path):
            raise InstrumentError(f"{path} exists: choose another file name")
        try:
            if detector == PIXEL_ARRAY:
                from .encoded_file import EncodedFile

                self._patterns = EncodedFile(Path(path))
            else:
                self._files[detector] = FrameFile(Path(path))
        except OSError as error:
            raise InstrumentError(f"{path} can't be written: {one_line(error)}") from None
        return {}

    def shut(self, detector: str) -> dict[str, Any]:
        """Close the file of `detector`, if there is one."""
        file: FrameFile | EncodedFile | None
        if detector == PIXEL_ARRAY:
            file, self._patterns = self._patterns, None
        else:
            file = self._files.pop(detector, None)
        if file is not None:
            try:
                file.close()
            except OSError as error:
                raise InstrumentError(f"{file.path} can't be closed: {one_line(error)}") from None
            finally:
                if file.broken:
                    self.broken_files.append(file)
        return {}

    def call_off(self, ticket: int) -> None:
        """Blank, and end what is in progress, unless it is later than `ticket`; from another thread."""
        if self._shutter.call_off(ticket):
            self.instrument.abort()

    @property
    def ticket(self) -> int:
        """Which request is the present one."""
        return self._shutter.ticket

    @property
    def lease(self) -> float | None:
        """How long the beam may stay on without another renewal [s]; None when nothing is to be watched."""
        return None if self._lapses is None else max(0.0, self._lapses - time.monotonic())

    def renew(self, seconds: float) -> None:
        """Let the beam stay on for `seconds` [s] from now; from the thread that calls off."""
        self._lapses = time.monotonic() + seconds

    def lapse(self, ticket: int) -> None:
        """Blank, and end the exposure of `ticket` if it is in progress: the lease has not been renewed."""
        self._lapses = None
        if self._shutter.is_open:
            self._lapsed = True
            self.call_off(ticket)

    def close(self) -> None:
        """Blank and close the files."""
        self._shutter.close()
        for detector in (*self._files, PIXEL_ARRAY):
            with contextlib.suppress(InstrumentError):
                self.shut(detector)
        if self._block is not None:
            self._block.close()

    def _measure(
        self, detector: str, mode: str, dwell: float, scan: dict[str, Any], stream: FrameSink | None
    ) -> Calibrated | None:
        scanner, spectrometer = self.instrument.scanner, self.instrument.spectrometer
        if mode == "spectrum":
            assert spectrometer is not None
            return spectrometer.expose(dwell)
        if stream is not None:
            source = self.instrument.frame_source
            assert source is not None
            if mode == "frames":
                take_frames(source, stream.request, self._shutter, stream.take)
                return None
            assert scanner is not None
            request = _scan_request(**scan)
            images = take_scan(
                scanner, request, source, stream.request, self._shutter, stream.take, self._scanned
            )
            return images[detector]
        assert scanner is not None
        images = scanner.scan(_scan_request(**scan)) if mode == "frame" else scanner.dwell(dwell)
        return images[detector]

    def _stream(self, frames: dict[str, Any]) -> FrameSink:
        source = self.instrument.frame_source
        assert source is not None
        assert self._block is not None
        request = FrameRequest(**frames)
        mode = next((mode for mode in source.modes if mode.name == request.mode), None)
        if mode is None:
            raise InstrumentError(f"the pixel-array detector has no mode {request.mode}")
        return FrameSink(request, mode, source.frame_axes, self._patterns, self._block, self.tell)

    def _scanned(self) -> None:
        self.tell({"blanked": self._shutter.blanked, "on_time": self._shutter.on_time})

    def _state(self) -> dict[str, Any]:
        """Tell set, readback and sensor of each control [SI], and what the beam current is known from."""
        controls = self.instrument.controls
        if controls is None:
            return {}
        state = controls.state()
        values = {name: (one.set, one.readback, one.sensor) for name, one in state.values.items()}
        answer: dict[str, Any] = {"state": {"sequence": state.sequence, "values": values}}
        current = state.values.get("beam_current")
        if current is not None:
            sensed = current.sensor is not None
            answer["current"] = current.sensor if sensed else current.readback
            answer["current_source"] = "sensor" if sensed else "readback"
            answer["current_age"] = max(0.0, time.time() - state.timestamp)
        return answer

    def _share(self, data: NDArray[np.generic]) -> dict[str, Any]:
        assert self._block is not None
        if data.nbytes > self._block.size:
            raise InstrumentError(f"a frame {data.shape} {data.dtype} is larger than the driver declared")
        np.ndarray(data.shape, data.dtype, self._block.buf)[...] = data
        total = float(data.sum(dtype=np.float64))
        return {"shape": data.shape, "dtype": data.dtype.str, "total": total}


def _prepare_encoding(dtypes: set[str]) -> None:
    # Not at the top: numba takes a second to load, which who has no patterns is spared, and the IOC.
    from .encoded_file import warm_up

    warm_up(dtypes)


def _nobody(_: dict[str, Any]) -> None:
    """Tell nobody: there is no IOC."""


def _append(file: FrameFile, frame: Calibrated) -> dict[str, Any]:
    try:
        file.append(frame)
    except (OSError, ValueError) as error:
        return {"captured": file.count, "write_error": f"{file.path}: {one_line(error)}"}
    return {"captured": file.count}


def _scan_request(ny: int, nx: int, field_of_view: float, rotation: float, dwell_time: float) -> ScanRequest:
    return ScanRequest((ny, nx), field_of_view, rotation, dwell_time)
