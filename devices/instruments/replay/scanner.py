"""A scanner that answers with the recorded survey."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

import numpy as np

from ..protocol import Axis, Calibrated, InstrumentError, ScanLimits, ScanRequest
from .pace import Pace, check_dwell
from .probe import Probe

DWELL_TIME = (1e-7, 60.0)  # [s] any that a microscope would accept: the recorded counts don't depend on it
ROUNDING = 1e-6  # relative; a field of view comes back from nm and single precision


class ReplayScanner:
    """Gives the whole recorded survey or, for a dwell, its mean over the pixel where the probe stands."""

    def __init__(self, probe: Probe, pace: Pace) -> None:
        self._probe = probe
        self._pace = pace
        y, x = probe.recording.survey.axes
        self._scan = ScanRequest((y.size, x.size), x.size * x.scale, 0.0, 1e-6)

    @property
    def limits(self) -> ScanLimits:
        """The recorded frame, and no other."""
        field = self._scan.field_of_view
        return ScanLimits(
            (field * (1 - ROUNDING), field * (1 + ROUNDING)), DWELL_TIME, self._scan.shape, (0.0, 0.0)
        )

    @property
    def default_scan(self) -> ScanRequest:
        """The recorded survey."""
        return self._scan

    @property
    def channels(self) -> tuple[str, ...]:
        """The survey's one channel."""
        return ("HAADF",)

    def configure(self, request: ScanRequest) -> None:
        """Accept the recorded frame; refuse any other, for nothing is resampled."""
        recorded = self._scan
        if not (
            request.shape == recorded.shape
            and math.isclose(request.field_of_view, recorded.field_of_view, rel_tol=ROUNDING)
            and abs(request.rotation) <= ROUNDING
        ):
            raise InstrumentError(
                f"a scan of {_text(request)} was not recorded: ask for {_text(recorded)}, the recorded frame"
            )
        check_dwell("a pixel dwell time", request.dwell_time, DWELL_TIME)

    def move(self, y: float, x: float) -> None:
        """Put the probe on the recorded pixel nearest to (y, x) [m]."""
        self._probe.move(y, x)

    def scan(self, request: ScanRequest) -> Mapping[str, Calibrated]:
        """Give the recorded survey ``(ny, nx)``."""
        self.configure(request)
        self._pace.wait("scan", request.dwell_time * math.prod(request.shape))
        survey = self._probe.recording.survey
        return {"HAADF": Calibrated(survey.data, survey.axes, survey.quantity, time.time())}

    def dwell(self, dwell_time: float) -> Mapping[str, Calibrated]:
        """Give the survey's mean over the spectrum pixel where the probe stands, ``(1, 1)``.

        That is what the detector integrates while the probe samples the pixel; whole numbers are rounded.
        """
        check_dwell("an exposure", dwell_time, DWELL_TIME)
        self._pace.wait("exposure", dwell_time)
        recording = self._probe.recording
        (y, x), n = self._probe.pixel, recording.oversampling
        block = recording.survey.data[y * n : (y + 1) * n, x * n : (x + 1) * n]
        mean = block.mean(dtype=np.float64, keepdims=True)
        data = (mean if block.dtype.kind == "f" else np.rint(mean)).astype(block.dtype)
        axes = tuple(
            Axis(axis.name, 1, axis.offset + index * axis.scale, axis.scale, axis.unit)
            for axis, index in zip(recording.grid, (y, x), strict=True)
        )
        return {"HAADF": Calibrated(data, axes, recording.survey.quantity, time.time())}

    def abort(self) -> None:
        """End the scan in progress."""
        self._pace.abort()


def _text(request: ScanRequest) -> str:
    ny, nx = request.shape
    return (
        f"{ny} x {nx} pixels, {request.field_of_view * 1e9:.9g} nm, {math.degrees(request.rotation):.3g} deg"
    )
