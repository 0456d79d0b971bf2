"""The scan generator and HAADF detector of the simulated microscope."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from ..protocol import Axis, Calibrated, InstrumentError, ScanLimits, ScanRequest
from .clock import Action
from .column import Column, Raster

SMALLEST_FIELD = 10e-9  # [m]: the specimen is sampled every half nanometre
DWELL_TIMES = (1e-7, 1.0)  # [s]
MAX_SHAPE = (2048, 2048)
SETTLING = 1e-4  # [s] of the scan coils
CHANNEL = "HAADF"
SATURATION = 2**32 - 1


class SimulatedScanner:
    """Moves the probe over the specimen and counts electrons at high angles."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._action = Action(column.clock)
        self._default = column.frame
        self._limits = ScanLimits(
            field_of_view=(SMALLEST_FIELD, column.extent), dwell_time=DWELL_TIMES, max_shape=MAX_SHAPE
        )

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
        return (CHANNEL,)

    def configure(self, request: ScanRequest) -> None:
        """Set the frame that probe positions refer to.

        Raises
        ------
        InstrumentError
            If the request is beyond `limits`.
        """
        self._check(request)
        self._column.frame = request

    def move(self, y: float, x: float) -> None:
        """Put the probe at (y, x) [m] from the centre of the field of view and wait until it has settled.

        Raises
        ------
        InstrumentError
            If the position is outside the field of view.
        """
        frame = self._column.frame
        half_x = frame.field_of_view / 2
        half_y = half_x * frame.shape[0] / frame.shape[1]
        for name, value, half in (("y", y, half_y), ("x", x, half_x)):
            if not abs(value) <= half * (1 + 1e-9):
                raise InstrumentError(
                    f"probe {name} = {value * 1e9:.6g} nm is outside the field of view: "
                    f"stay within {-half * 1e9:.6g} to {half * 1e9:.6g} nm"
                )
        began = self._action.begin()
        self._action.wait_until(began + SETTLING, "move of the probe")
        self._column.probe = (float(y), float(x))

    def scan(self, request: ScanRequest) -> Mapping[str, Calibrated]:
        """Scan one frame; image ``(ny, nx)``, axes "y" and "x" [m]. The probe returns.

        Raises
        ------
        InstrumentError
            If the request is beyond `limits`.
        Aborted
            If it was aborted.
        """
        self._check(request)
        (ny, nx), pixel = request.shape, request.field_of_view / request.shape[1]
        axes = (
            Axis("y", ny, -(ny - 1) / 2 * pixel, pixel, "m"),
            Axis("x", nx, -(nx - 1) / 2 * pixel, pixel, "m"),
        )
        return self._expose(axes, request.rotation, request.dwell_time, "scan")

    def dwell(self, dwell_time: float) -> Mapping[str, Calibrated]:
        """Expose the probe where it stands for `dwell_time` [s]; image ``(1, 1)``.

        Raises
        ------
        InstrumentError
            If the dwell time is beyond `limits`.
        Aborted
            If it was aborted.
        """
        self._check_dwell(dwell_time)
        frame, (y, x) = self._column.frame, self._column.probe
        pixel = frame.field_of_view / frame.shape[1]
        axes = (Axis("y", 1, y, pixel, "m"), Axis("x", 1, x, pixel, "m"))
        return self._expose(axes, frame.rotation, dwell_time, "exposure")

    def abort(self) -> None:
        """End the scan in progress."""
        self._action.abort()

    def _expose(
        self, axes: tuple[Axis, Axis], rotation: float, dwell_time: float, what: str
    ) -> Mapping[str, Calibrated]:
        began = self._action.begin()
        exposure = self._column.begin()
        y, x = np.meshgrid(axes[0].values(), axes[1].values(), indexing="ij")
        if what == "scan":
            self._column.trigger(Raster(y.ravel(), x.ravel(), rotation, dwell_time, exposure))
        visited = began + dwell_time * (np.arange(y.size, dtype=np.float64).reshape(y.shape) + 0.5)
        share = self._column.truth().haadf(*self._column.on_specimen(y, x, rotation, visited))
        electrons = self._column.finish(exposure, self._action, dwell_time * y.size, what)
        image = self._column.count(share * electrons / y.size, SATURATION)
        return {CHANNEL: Calibrated(image, axes, timestamp=time.time())}

    def _check(self, request: ScanRequest) -> None:
        low, high = self._limits.field_of_view
        if not low <= request.field_of_view <= high * (1 + 1e-9):
            raise InstrumentError(
                f"field of view {request.field_of_view * 1e9:g} nm is beyond the limits: "
                f"ask for {low * 1e9:g} to {high * 1e9:g} nm"
            )
        if not all(1 <= n <= most for n, most in zip(request.shape, MAX_SHAPE, strict=True)):
            raise InstrumentError(f"a scan of {request.shape} pixels: ask for 1 to {MAX_SHAPE} (y, x)")
        low, high = self._limits.rotation
        if not low <= request.rotation <= high:
            raise InstrumentError(f"scan rotation {request.rotation:g} rad: ask for {low:.4g} to {high:.4g}")
        self._check_dwell(request.dwell_time)

    def _check_dwell(self, dwell_time: float) -> None:
        low, high = DWELL_TIMES
        if not low <= dwell_time <= high:
            raise InstrumentError(
                f"dwell time {dwell_time:g} s of a scan is beyond the limits: ask for {low:g} to {high:g} s"
            )
