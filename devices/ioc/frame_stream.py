"""Frames of a pixel-array detector as they come, alone or along a scan of the same probe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..instruments.protocol import Calibrated, FrameRequest, FrameSource, Scanner, ScanRequest
from .shutter import Shutter

Sink = Callable[[NDArray[np.generic]], None]
Images = Mapping[str, Calibrated]


def take_frames(source: FrameSource, request: FrameRequest, shutter: Shutter, sink: Sink) -> None:
    """Take frames where the probe stands, and close the shutter.

    Parameters
    ----------
    source
        The detector.
    request
        With the trigger "internal".
    shutter
        Is open.
    sink
        Takes the blocks ``(n, ky, kx)``.

    Raises
    ------
    InstrumentError
        If the detector fails, or was aborted (`Aborted`); `sink` has what came before.
    """
    for block in source.frames(request):
        shutter.check()
        sink(block)
    shutter.check()
    shutter.close()


def take_scan(
    scanner: Scanner,
    scan: ScanRequest,
    source: FrameSource,
    request: FrameRequest,
    shutter: Shutter,
    sink: Sink,
    scanned: Callable[[], None],
) -> Images:
    """Scan once, with a frame at each pixel; the shutter closes with the scan, late frames come after that.

    Parameters
    ----------
    scanner, scan
        What triggers.
    source, request
        What is triggered: with the trigger "scan".
    shutter
        Is open.
    sink
        Takes the blocks ``(n, ky, kx)``.
    scanned
        Called, from another thread, when the scan is over and the beam off.

    Returns
    -------
    mapping
        The images of the scan, by channel.

    Raises
    ------
    InstrumentError
        If scanner or detector fail, or were aborted (`Aborted`); `sink` has what came before.
    """
    blocks = source.frames(request)
    raster = _Raster(scanner, scan, source, shutter, scanned)
    raster.start()
    try:
        for block in blocks:
            sink(block)
    except Exception as error:
        scan_failed = raster.error  # it has aborted the detector, whose error says less
        scanner.abort()
        raster.join()
        raise scan_failed or error from None
    raster.join()
    if raster.error is not None:
        raise raster.error
    return raster.images


class _Raster(threading.Thread):
    """The scan, beside the reading of the frames."""

    def __init__(
        self,
        scanner: Scanner,
        scan: ScanRequest,
        source: FrameSource,
        shutter: Shutter,
        scanned: Callable[[], None],
    ) -> None:
        super().__init__(name="raster", daemon=True)
        self._what = scanner, scan, source, shutter, scanned
        self.images: Images = {}
        self.error: Exception | None = None

    def run(self) -> None:
        scanner, scan, source, shutter, scanned = self._what
        try:
            self.images = scanner.scan(scan)
            shutter.check()
            shutter.close()
            scanned()
        except Exception as error:
            self.error = error
            source.abort()
