"""Scanned images."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from nion.utils import Geometry

from ..nion.wire import AcquisitionFailed, BadRequest, pack
from .frame import Frame
from .hardware import Hardware
from .jobs import Job

CHANNELS = ("HAADF", "MAADF")  # Nion's first two; usim's X1 and X2 are the same picture again
SLACK = 60.0  # [s] beyond its own time after which Nion gives a scan up


class Scan:
    """Nion's scan, its probe and its frame.

    The scan context and the probe are set only where they differ from the last ones.
    """

    def __init__(self, hardware: Hardware) -> None:
        self._scan = hardware.scan
        self._frame: Frame | None = None
        self._probe: tuple[Frame, float, float] | None = None

    def use(self, frame: Frame) -> None:
        """Set the context of what follows."""
        if frame != self._frame:
            self._scan.set_current_frame_parameters(self.parameters(frame.context(1e-6)))
            self._frame = frame

    def place(self, frame: Frame, y: float, x: float) -> None:
        """Put the probe at (y, x) [m] in the frame."""
        self.use(frame)
        if (frame, y, x) != self._probe:
            fraction = frame.fraction(y, x)
            if not all(0 <= part <= 1 for part in fraction):  # Nion would put it on the edge
                raise BadRequest(f"probe at {y:g}, {x:g} m is outside the frame of {frame.field_of_view:g} m")
            self._scan.probe_position = Geometry.FloatPoint(*fraction)
            self._probe = (frame, y, x)

    def parameters(self, described: dict[str, Any]) -> Any:
        """Make Nion's frame parameters."""
        return self._scan.get_frame_parameters_from_dict(
            described | {"enabled_channel_indexes": list(range(len(CHANNELS)))}
        )

    def acquire(self, job: Job, described: dict[str, Any], frame: Frame) -> dict[str, Any]:
        """Scan once; images ``(ny, nx)`` by channel and their pixel [m]."""
        ny, nx = described.get("subscan_pixel_size", described["pixel_size"])
        seconds = described["pixel_time_us"] * 1e-6 * ny * nx
        self._scan.set_enabled_channels(list(range(len(CHANNELS))))
        job.cancel = self._scan.scan_device.cancel  # record's own abort waits for the end of the frame
        images = self._scan.record_immediate(self.parameters(described), sync_timeout=seconds + SLACK)
        if job.aborted.is_set():
            return {}
        if len(images) != len(CHANNELS) or any(image is None for image in images):
            raise AcquisitionFailed(f"Nion gave {len(images)} of {len(CHANNELS)} images of a scan")
        found = {name: np.asarray(image.data) for name, image in zip(CHANNELS, images, strict=True)}
        for name, image in found.items():
            if image.shape != (ny, nx):
                raise AcquisitionFailed(f"Nion gave an image {image.shape} of {name}, not {(ny, nx)}")
        return {
            "images": {name: pack(image) for name, image in found.items()},
            "pixel": frame.pixel,
            "timestamp": time.time(),
        }
