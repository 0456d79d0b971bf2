"""Merlin as a pixel-array detector."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..protocol import Axis, FrameMode, FrameRequest, InstrumentError
from .control import MerlinControl
from .frame_stream import FrameStream

ARMING = 5.0  # [s] until the acquisition header comes
STALL = 5.0  # [s] that may pass without a frame, beyond its own time
TRIGGERS = {
    "internal": 5,
    "scan": 1,
}  # TRIGGERSTART: by command, or by a rising edge of the scan's pixel clock


class MerlinDetector:
    """Frames in blocks as they come, over one data connection; a new one after anything went wrong.

    Parameters
    ----------
    control
        Merlin's control socket.
    data
        Host and port of its data socket.
    depth
        Of the counters [bit].
    mode
        What that makes of the detector.
    axes
        Of a frame.
    """

    def __init__(
        self,
        control: MerlinControl,
        data: tuple[str, int],
        depth: int,
        mode: FrameMode,
        axes: tuple[Axis, Axis],
    ) -> None:
        self._control = control
        self._data = data
        self._depth = depth
        self._mode = mode
        self._axes = axes
        self._stream: FrameStream | None = None
        self._running = False

    @property
    def frame_axes(self) -> tuple[Axis, Axis]:
        """The axes "ky" and "kx" [rad], as they were configured."""
        return self._axes

    @property
    def modes(self) -> tuple[FrameMode, ...]:
        """The configured depth of the counters."""
        return (self._mode,)

    @property
    def triggers(self) -> tuple[str, ...]:
        """Its own clock, or the scan's pixel clock at its trigger input."""
        return tuple(TRIGGERS)

    def frames(self, request: FrameRequest) -> Iterator[NDArray[np.generic]]:
        """Arm the detector; blocks ``(n, ky, kx)`` follow as they arrive.

        Raises
        ------
        InstrumentError
            If the request is beyond the limits, or Merlin refuses it or is not there; by the iterator, if a
            frame is lost or damaged, or Merlin dies.
        Aborted
            By the iterator, after `abort`.
        """
        low, high = self._mode.dwell_time
        if request.mode != self._mode.name:
            raise InstrumentError(
                f"Merlin has no mode {request.mode!r}: it is configured as {self._mode.name}"
            )
        if request.count < 1 or not low <= request.dwell_time <= high:
            raise InstrumentError(
                f"{request.count} frames of {request.dwell_time:g} s: "
                f"ask for 1 or more, of {low:g} to {high:g} s"
            )
        if self._stream is None or not self._stream.begin():
            self._drop()
            self._stream = FrameStream(*self._data)
        stream = self._stream
        try:
            for name, value in self._parameters(request).items():
                self._control.set(name, value)
            self._control.command("STARTACQUISITION")
            self._running = True
            stream.header(ARMING)
            if request.trigger == "internal":
                self._control.command("SOFTTRIGGER")
        except Exception:
            self._drop()
            raise
        return self._read(stream, request)

    def abort(self) -> None:
        """End the stream; no block follows."""
        stream = self._stream
        if stream is not None and self._running:
            stream.abort()
            with contextlib.suppress(InstrumentError):  # a dead Merlin acquires no more
                self._control.command("STOPACQUISITION")

    def _parameters(self, request: FrameRequest) -> dict[str, str | float]:
        milliseconds = request.dwell_time * 1e3
        return {
            "FILEFORMAT": 0,  # whole numbers, in the order of the image
            "COUNTERDEPTH": self._depth,
            "ACQUISITIONTIME": f"{milliseconds:.6g}",
            "ACQUISITIONPERIOD": f"{milliseconds:.6g}",
            "NUMFRAMESTOACQUIRE": request.count,
            "NUMFRAMESPERTRIGGER": request.count if request.trigger == "internal" else 1,
            "TRIGGERSTART": TRIGGERS[request.trigger],
        }

    def _read(self, stream: FrameStream, request: FrameRequest) -> Iterator[NDArray[np.generic]]:
        shape = tuple(axis.size for axis in self._axes)
        taken = 0
        try:
            while taken < request.count:
                waits = request.trigger == "scan" and taken == 0  # for a scan that may begin much later
                patience = None if waits else STALL + 2 * request.dwell_time
                block = stream.block(request.count - taken, patience)
                if block.shape[1:] != shape or block.dtype != np.dtype(self._mode.dtype):
                    raise InstrumentError(
                        f"Merlin sends frames {block.shape[1:]} of {block.dtype}, not {shape} of "
                        f"{self._mode.dtype}: correct `shape` and `counter_depth`"
                    )
                taken += len(block)
                yield block
        except BaseException:  # a reader that stops reading included
            self._drop()
            raise
        finally:
            self._running = False

    def _drop(self) -> None:
        """Lose the connection, and what may still come over it."""
        self._running = False
        if self._stream is not None:
            self._stream.close()
            self._stream = None
