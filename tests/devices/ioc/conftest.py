"""An instrument whose exposures a test can watch, hold and fail."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from stemline.devices.instruments.protocol import (
    Aborted,
    Axis,
    Calibrated,
    ControlInfo,
    ControlValue,
    Instrument,
    InstrumentError,
    MicroscopeState,
    ScanLimits,
    ScanRequest,
)


@dataclass
class FakeInstrument:
    """Scanner, spectrometer, controls and blanker in one; `log` tells what happened in order."""

    log: list[str] = field(default_factory=list)
    blanked: bool = False
    hold: bool = False  # exposures wait for an abort
    fail: Exception | None = None
    dtype: str = "<u4"
    current: float | None = 1e-10
    exposing: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def instrument(self) -> Instrument:
        controls = None if self.current is None else self
        return Instrument("fake", controls=controls, scanner=self, spectrometer=self, blanker=self)

    # Blanker
    def blank(self) -> None:
        self.log.append("blank")
        self.blanked = True

    def unblank(self) -> None:
        self.log.append("unblank")
        self.blanked = False

    # Scanner
    limits = ScanLimits(field_of_view=(1e-8, 1e-6), dwell_time=(1e-6, 1.0), max_shape=(64, 64))
    default_scan = ScanRequest((4, 8), 1e-7, 0.0, 1e-5)
    channels = ("HAADF",)

    def configure(self, request: ScanRequest) -> None:
        self.log.append(f"configure {request.shape}")

    def move(self, y: float, x: float) -> None:
        self.log.append(f"move {y:g} {x:g}")

    def scan(self, request: ScanRequest) -> Mapping[str, Calibrated]:
        self._expose()
        ny, nx = request.shape
        axes = (Axis("y", ny, -1e-9, 1e-9, "m"), Axis("x", nx, -2e-9, 1e-9, "m"))
        return {"HAADF": Calibrated(np.arange(ny * nx).reshape(ny, nx).astype(self.dtype), axes)}

    def dwell(self, dwell_time: float) -> Mapping[str, Calibrated]:
        self._expose()
        axes = (Axis("y", 1, 0.0, 1e-9, "m"), Axis("x", 1, 0.0, 1e-9, "m"))
        return {"HAADF": Calibrated(np.full((1, 1), 7, self.dtype), axes)}

    # Spectrometer
    energy_axis = Axis("energy", 16, -2.0, 0.5, "eV")
    dwell_time = (1e-4, 1.0)
    saturation = 1000.0

    def expose(self, dwell_time: float) -> Calibrated:
        self._expose()
        return Calibrated(np.arange(16).astype(self.dtype), (self.energy_axis,))

    # Controls
    @property
    def controls(self) -> Mapping[str, ControlInfo]:
        return {"beam_current": ControlInfo("A", 0.0, 1e-9)}

    def set(self, name: str, value: float) -> None:
        self.current = value

    def state(self) -> MicroscopeState:
        assert self.current is not None
        return MicroscopeState(0, 0.0, {"beam_current": ControlValue(self.current, self.current)})

    def abort(self) -> None:
        self.log.append("abort")
        self.ended.set()

    def _expose(self) -> None:
        self.log.append("expose")
        self.exposing.set()
        if self.fail is not None:
            raise self.fail
        if self.hold:
            if not self.ended.wait(5):
                raise InstrumentError("nobody ended the exposure")
            raise Aborted("the exposure was aborted")


@pytest.fixture
def fake() -> FakeInstrument:
    return FakeInstrument()
