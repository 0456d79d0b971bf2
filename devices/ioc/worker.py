"""The child process that owns the drivers and writes the files.

Two connections lead here. Over the first come requests, one after the other, each answered when it is done.
Over the second, served by a thread of its own, comes the order to blank and abort, which works while a request
is in progress. Messages are JSON; frames go through one block of shared memory. When the IOC is gone, the
beam is blanked and the process ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..instruments.composition import InstrumentConfig, compose
from ..instruments.protocol import Aborted, Calibrated, Instrument, InstrumentError, ScanRequest
from .description import describe
from .frame_file import FrameFile
from .shutter import Shutter

EVERYTHING = 2**62  # a ticket beyond all others
LINGER = 5.0  # [s] that a driver gets to end what it is doing after the IOC has gone


def main(requests: Connection, urgent: Connection, config: str) -> None:
    """Serve the instrument of `config`, JSON of an `InstrumentConfig`, until the IOC is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the IOC too, which ends this process
    signal.signal(signal.SIGTERM, _terminated)
    try:
        worker = Worker(compose(InstrumentConfig.model_validate_json(config)))
        ready = {"ok": describe(worker.instrument)}
    except Exception as error:
        requests.send_bytes(_pack({"id": 0, **_failure(error)}))
        return
    threading.Thread(target=_serve_urgent, args=(urgent, worker), daemon=True).start()
    try:
        requests.send_bytes(_pack({"id": 0, **ready}))
        _serve(requests, worker)
    finally:
        worker.close()
        if worker.broken_files:
            os._exit(0)  # HDF5's own end would crash


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
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._shutter = Shutter(instrument.blanker)
        self._files: dict[str, FrameFile] = {}
        self.broken_files: list[FrameFile] = []
        self._block: SharedMemory | None = None
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
        self, detector: str, mode: str, dwell: float, scan: dict[str, Any], settle: float
    ) -> dict[str, Any]:
        """Unblank, settle, expose, blank; then share the frame, and write it if a file is open."""
        answer: dict[str, Any] = {"current": self._current()}
        failure: dict[str, Any] = {}
        try:
            self._shutter.open(settle)
            frame = self._measure(detector, mode, dwell, scan)
            self._shutter.check()
        except Exception as error:
            failure = _failure(error)
        finally:
            self._shutter.close()
        answer["on_time"] = self._shutter.on_time
        if failure:
            return {**answer, **failure}
        answer |= self._share(frame.data)
        if detector in self._files:
            answer |= _append(self._files[detector], frame)
        return answer

    def open(self, detector: str, path: str) -> dict[str, Any]:
        """Open a new file for the frames of `detector`."""
        self.shut(detector)
        if os.path.lexists(path):
            raise InstrumentError(f"{path} exists: choose another file name")
        try:
            self._files[detector] = FrameFile(Path(path))
        except OSError as error:
            raise InstrumentError(f"{path} can't be written: {_line(error)}") from None
        return {}

    def shut(self, detector: str) -> dict[str, Any]:
        """Close the file of `detector`, if there is one."""
        if detector in self._files:
            file = self._files.pop(detector)
            try:
                file.close()
            except OSError as error:
                raise InstrumentError(f"{file.path} can't be closed: {_line(error)}") from None
            finally:
                if file.broken:
                    self.broken_files.append(file)
        return {}

    def call_off(self, ticket: int) -> None:
        """Blank, and end what is in progress, unless it is later than `ticket`; from another thread."""
        if self._shutter.call_off(ticket):
            self.instrument.abort()

    def close(self) -> None:
        """Blank and close the files."""
        self._shutter.close()
        for detector in tuple(self._files):
            with contextlib.suppress(InstrumentError):
                self.shut(detector)
        if self._block is not None:
            self._block.close()

    def _measure(self, detector: str, mode: str, dwell: float, scan: dict[str, Any]) -> Calibrated:
        scanner, spectrometer = self.instrument.scanner, self.instrument.spectrometer
        if mode == "spectrum":
            assert spectrometer is not None
            return spectrometer.expose(dwell)
        assert scanner is not None
        images = scanner.scan(_scan_request(**scan)) if mode == "frame" else scanner.dwell(dwell)
        return images[detector]

    def _current(self) -> float | None:
        controls = self.instrument.controls
        if controls is None or "beam_current" not in controls.controls:
            return None
        return controls.state().values["beam_current"].readback

    def _share(self, data: NDArray[np.generic]) -> dict[str, Any]:
        assert self._block is not None
        if data.nbytes > self._block.size:
            raise InstrumentError(f"a frame {data.shape} {data.dtype} is larger than the driver declared")
        np.ndarray(data.shape, data.dtype, self._block.buf)[...] = data
        total = float(data.sum(dtype=np.float64))
        return {"shape": data.shape, "dtype": data.dtype.str, "total": total}


def _append(file: FrameFile, frame: Calibrated) -> dict[str, Any]:
    try:
        file.append(frame)
    except (OSError, ValueError) as error:
        return {"captured": file.count, "write_error": f"{file.path}: {_line(error)}"}
    return {"captured": file.count}


def _serve(requests: Connection, worker: Worker) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            request = json.loads(requests.recv_bytes())
            number, action = request.pop("id"), request.pop("do")
            worker.begin(number)
            try:
                answer = worker.actions[action](**request)
            except Exception as error:
                answer = _failure(error)
            requests.send_bytes(_pack({"id": number, **(answer if "error" in answer else {"ok": answer})}))


def _serve_urgent(urgent: Connection, worker: Worker) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            ticket = json.loads(urgent.recv_bytes())["ticket"]
            answer: dict[str, Any] = {"ok": {}}
            try:
                worker.call_off(ticket)
            except Exception as error:
                answer = _failure(error)
            urgent.send_bytes(_pack(answer))
    with contextlib.suppress(Exception):
        worker.call_off(EVERYTHING)
    threading.Event().wait(LINGER)
    os._exit(1)  # the driver hangs, and nobody is left who waits for it


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)  # the beam is blanked and the files are closed on the way out


def _scan_request(ny: int, nx: int, field_of_view: float, rotation: float, dwell_time: float) -> ScanRequest:
    return ScanRequest((ny, nx), field_of_view, rotation, dwell_time)


def _failure(error: Exception) -> dict[str, Any]:
    kind = "aborted" if isinstance(error, Aborted) else "failed"
    trace = "" if isinstance(error, InstrumentError) else traceback.format_exc()
    return {"error": _line(error), "kind": kind, "traceback": trace}


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    known = isinstance(error, (InstrumentError, OSError, ValueError))
    return text if known else f"{type(error).__name__}: {text}"


def _pack(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode()
