"""Nion's Ronchigram camera as a pixel-array detector."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..protocol import Aborted, Axis, FrameMode, FrameRequest, InstrumentError
from .connection import Connection
from .placement import Armed, Placement
from .wire import DATASET, DIFFRACTION, unpack

PATTERNS = "diffraction patterns"
DTYPE = "<u4"
DWELL_TIMES = (1e-3, 10.0)  # [s]
MESSAGE = 16 * 2**20  # bytes of frames that are sent at a time, at most
BLOCK = 0.25  # [s] of frames in a block


class NionRonchigram:
    """Frames by the camera's own clock, or one a pixel of a scan that the camera then sets the pace of.

    Parameters
    ----------
    connection
        To the server.
    placement
        Shared with the scanner.
    axes
        Of a frame without binning, as the server describes them.
    binning
        Pixels along each side that become one.
    """

    def __init__(
        self, connection: Connection, placement: Placement, axes: Sequence[Mapping[str, Any]], binning: int
    ) -> None:
        self._connection = connection
        self._placement = placement
        self._mode = FrameMode(f"Binning{binning}", DTYPE, DWELL_TIMES, math.inf)
        self._binning = binning
        self._axes = _binned("ky", axes[0], binning), _binned("kx", axes[1], binning)

    @property
    def frame_axes(self) -> tuple[Axis, Axis]:
        """The axes "ky" and "kx" [rad] from the centre of the camera, where Nion aligns the beam."""
        return self._axes

    @property
    def modes(self) -> tuple[FrameMode, ...]:
        """The configured binning."""
        return (self._mode,)

    @property
    def triggers(self) -> tuple[str, ...]:
        """Both."""
        return ("internal", "scan")

    def frames(self, request: FrameRequest) -> Iterator[NDArray[np.generic]]:
        """Arm the camera; blocks ``(n, ky, kx)`` follow as they arrive.

        Raises
        ------
        InstrumentError
            If the request is beyond the limits.
        """
        low, high = DWELL_TIMES
        if request.mode != self._mode.name:
            raise InstrumentError(
                f"the Ronchigram camera has no mode {request.mode!r}: use {self._mode.name}"
            )
        if request.count < 1 or not low <= request.dwell_time <= high:
            raise InstrumentError(
                f"{request.count} frames of {request.dwell_time:g} s: "
                f"ask for 1 or more, of {low:g} to {high:g} s"
            )
        if request.trigger == "internal":
            return self._own_clock(request, self._start(request, 0))
        armed = self._placement.armed = Armed(request, self._binning)
        return self._along_scan(armed)

    def abort(self) -> None:
        """End the stream; no block follows."""
        armed, self._placement.armed = self._placement.armed, None
        if armed is not None:
            armed.begun.set_exception(Aborted("the wait for a scan was aborted"))
        for kind in (PATTERNS, DIFFRACTION):
            self._connection.abort(kind)

    def _start(self, request: FrameRequest, taken: int) -> int:
        ky, kx = self._axes
        fit = MESSAGE // (ky.size * kx.size * np.dtype(DTYPE).itemsize)
        most = max(1, min(fit, int(BLOCK / request.dwell_time)))
        return self._connection.start(
            PATTERNS,
            self._placement.request()
            | {
                "exposure": request.dwell_time,
                "binning": self._binning,
                "count": min(most, request.count - taken),
            },
        )

    def _own_clock(self, request: FrameRequest, number: int) -> Iterator[NDArray[np.generic]]:
        taken = 0
        while True:
            block = _whole_counts(unpack(self._connection.finish(PATTERNS, number)["data"]))
            taken += len(block)
            if taken < request.count:
                number = self._start(request, taken)  # goes on while this block is used
            yield block
            if taken >= request.count:
                return

    def _along_scan(self, armed: Armed) -> Iterator[NDArray[np.generic]]:
        number = armed.begun.result()
        ky, kx = self._axes
        taken, path = 0, ""
        while taken < armed.request.count:
            answer = self._connection.poll(DIFFRACTION, number)
            done = answer["state"] == "done"
            path = answer["result"]["path"] if done else answer["partial"].get("path")
            there = armed.request.count if done else answer["partial"].get("pixels", 0)
            if there > taken:
                with _opened(Path(path)) as file:
                    width = file[DATASET].shape[1]
                    # whole lines: the part of a line would be read twice
                    block = file[DATASET][taken // width : there // width].reshape(-1, ky.size, kx.size)
                taken += len(block)
                if len(block):
                    yield _whole_counts(block)
        with contextlib.suppress(OSError):
            Path(path).unlink()  # all of it has been handed on


def _whole_counts(frames: NDArray[Any]) -> NDArray[np.generic]:
    """Round Nion's counts, which are floating-point: files of frames hold whole ones."""
    whole: NDArray[np.generic] = np.rint(np.clip(frames, 0, None)).astype(np.dtype(DTYPE))
    return whole


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r", swmr=True)
    except OSError as error:
        raise InstrumentError(
            f"the Nion server's file {path} can't be read here ({error}): "
            "start it with --data on a folder that the IOC sees too"
        ) from error


def _binned(name: str, described: Mapping[str, Any], binning: int) -> Axis:
    size, scale = described["size"] // binning, described["scale"] * binning
    return Axis(name, size, -(size - 1) / 2 * scale, scale, described["unit"])
