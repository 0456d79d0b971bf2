"""Nion's scan, with its HAADF and MAADF detectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..protocol import Axis, Calibrated, InstrumentError, ScanLimits, ScanRequest
from .connection import Connection
from .placement import Armed, Placement, described
from .wire import DIFFRACTION, unpack

ROUNDING = 1e-9  # relative; a field of view comes back from nm


class NionScanner:
    """Moves the probe and scans.

    Parameters
    ----------
    connection
        To the server.
    placement
        Shared with the detectors; its frame is the default scan.
    limits
        Nion has none of its own.
    channels
        Names of the images.
    """

    def __init__(
        self, connection: Connection, placement: Placement, limits: ScanLimits, channels: tuple[str, ...]
    ) -> None:
        self._connection = connection
        self._placement = placement
        self._limits = limits
        self._channels = channels
        self._default = placement.frame

    @property
    def limits(self) -> ScanLimits:
        """The scans this scanner accepts."""
        return self._limits

    @property
    def default_scan(self) -> ScanRequest:
        """The configured scan."""
        return self._default

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the images a scan gives."""
        return self._channels

    def configure(self, request: ScanRequest) -> None:
        """Set the frame that probe positions refer to; the server learns it with the next position.

        Raises
        ------
        InstrumentError
            If the request is beyond `limits`.
        """
        self._check(request)
        self._placement.frame = request

    def move(self, y: float, x: float) -> None:
        """Put the probe at (y, x) [m] from the centre of the field of view.

        Raises
        ------
        InstrumentError
            If the position is outside the field of view.
        """
        frame = self._placement.frame
        half_x = frame.field_of_view / 2
        half_y = half_x * frame.shape[0] / frame.shape[1]
        for name, value, half in (("y", y, half_y), ("x", x, half_x)):
            if not abs(value) <= half * (1 + ROUNDING):
                raise InstrumentError(
                    f"probe {name} = {value * 1e9:.6g} nm is outside the field of view: "
                    f"stay within {-half * 1e9:.6g} to {half * 1e9:.6g} nm"
                )
        y, x = min(max(y, -half_y), half_y), min(max(x, -half_x), half_x)
        self._connection.call("place", described(frame), y, x)
        self._placement.y, self._placement.x = y, x

    def scan(self, request: ScanRequest) -> Mapping[str, Calibrated]:
        """Scan one frame; images ``(ny, nx)`` by channel, axes "y" and "x" [m].

        Raises
        ------
        InstrumentError
            If the request is beyond `limits`, or the server fails.
        Aborted
            If it was aborted.
        """
        self._check(request)
        armed, self._placement.armed = self._placement.armed, None
        if armed is not None:
            return self._images(self._along(armed, request), 0.0, 0.0)
        result = self._connection.acquire(
            "scan", {"frame": described(request), "dwell_time": request.dwell_time}
        )
        return self._images(result, 0.0, 0.0)

    def dwell(self, dwell_time: float) -> Mapping[str, Calibrated]:
        """Expose the probe where it stands, as a scan of one pixel; images ``(1, 1)``.

        Raises
        ------
        InstrumentError
            If the dwell time is beyond `limits`, or the server fails.
        Aborted
            If it was aborted.
        """
        self._check_dwell(dwell_time)
        request = self._placement.request() | {"dwell_time": dwell_time}
        return self._images(self._connection.acquire("dwell", request), self._placement.y, self._placement.x)

    def abort(self) -> None:
        """End the scan in progress."""
        for kind in ("scan", "dwell", DIFFRACTION):
            self._connection.abort(kind)

    def _along(self, armed: Armed, request: ScanRequest) -> dict[str, Any]:
        """Scan at the pace of the armed camera."""
        frames = armed.request
        try:
            if frames.count != request.shape[0] * request.shape[1]:
                raise InstrumentError(f"{frames.count} frames are armed for a scan of {request.shape} pixels")
            number = self._connection.start(
                DIFFRACTION,
                {"frame": described(request), "exposure": frames.dwell_time, "binning": armed.binning},
            )
        except InstrumentError as error:
            armed.begun.set_exception(error)
            raise
        armed.begun.set_result(number)
        return self._connection.finish(DIFFRACTION, number)

    def _images(self, result: Mapping[str, Any], y: float, x: float) -> Mapping[str, Calibrated]:
        pixel = result["pixel"]
        images = {name: unpack(packed) for name, packed in result["images"].items()}
        return {
            name: Calibrated(
                image,
                tuple(
                    Axis(axis, n, centre - (n - 1) / 2 * pixel, pixel, "m")
                    for axis, n, centre in zip("yx", image.shape, (y, x), strict=True)
                ),
                timestamp=result["timestamp"],
            )
            for name, image in images.items()
        }

    def _check(self, request: ScanRequest) -> None:
        low, high = self._limits.field_of_view
        if not low * (1 - ROUNDING) <= request.field_of_view <= high * (1 + ROUNDING):
            raise InstrumentError(
                f"field of view {request.field_of_view * 1e9:g} nm is beyond the limits: "
                f"ask for {low * 1e9:g} to {high * 1e9:g} nm"
            )
        largest = self._limits.max_shape
        if not all(1 <= n <= most for n, most in zip(request.shape, largest, strict=True)):
            raise InstrumentError(f"a scan of {request.shape} pixels: ask for 1 to {largest} (y, x)")
        low, high = self._limits.rotation
        if not low <= request.rotation <= high:
            raise InstrumentError(f"scan rotation {request.rotation:g} rad: ask for {low:.4g} to {high:.4g}")
        self._check_dwell(request.dwell_time)

    def _check_dwell(self, dwell_time: float) -> None:
        low, high = self._limits.dwell_time
        if not low <= dwell_time <= high:
            raise InstrumentError(
                f"dwell time {dwell_time:g} s of a scan is beyond the limits: ask for {low:g} to {high:g} s"
            )
