"""What an instrument is, in the words and values that cross from the driver's process to the IOC."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..instruments.protocol import Calibrated, Instrument

PIXEL_ARRAY = "PAD"  # the group of its process variables, and its name in the driver's process


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Control(_Frozen):
    """One control: its limits and where it stands, in SI units."""

    low: float
    high: float
    settable: bool
    readback: float


class Scan(_Frozen):
    """A scan, in SI units."""

    ny: int
    nx: int
    field_of_view: float
    rotation: float
    dwell_time: float


class ScannerDescription(_Frozen):
    """Limits and default of a scanner, in SI units, and the dtype of its images."""

    field_of_view: tuple[float, float]
    rotation: tuple[float, float]
    dwell_time: tuple[float, float]
    max_shape: tuple[int, int]
    default: Scan
    dtype: str

    def largest(self, max_pixels: int) -> int:
        """Pixels of the largest image, at most `max_pixels`."""
        ny, nx = self.max_shape
        return min(max_pixels, ny * nx)


class SpectrometerDescription(_Frozen):
    """Axis [eV], limits [s] and saturation [counts] of a spectrometer, and the dtype of its spectra."""

    size: int
    offset: float
    dispersion: float
    dwell_time: tuple[float, float]
    saturation: float
    dtype: str


class ModeDescription(_Frozen):
    """One mode of a pixel-array detector; its saturation is 0 where that is not known."""

    name: str
    dtype: str
    dwell_time: tuple[float, float]
    saturation: float
    quantity: str


class FrameSourceDescription(_Frozen):
    """Frames of a pixel-array detector: offset and scale [rad] of "ky" and "kx", modes and triggers."""

    shape: tuple[int, int]
    offset: tuple[float, float]
    scale: tuple[float, float]
    modes: tuple[ModeDescription, ...]
    triggers: tuple[str, ...]

    @property
    def itemsize(self) -> int:
        """Bytes of a pixel in the deepest mode."""
        return max(np.dtype(mode.dtype).itemsize for mode in self.modes)


class Description(_Frozen):
    """A whole instrument."""

    name: str
    capabilities: tuple[str, ...]
    controls: dict[str, Control] = {}
    scanner: ScannerDescription | None = None
    spectrometer: SpectrometerDescription | None = None
    frame_source: FrameSourceDescription | None = None

    def largest_frame(self, max_pixels: int) -> int:
        """Bytes of the largest frame of any detector, images having at most `max_pixels`."""
        sizes = [1]
        if self.scanner is not None:
            sizes.append(self.scanner.largest(max_pixels) * np.dtype(self.scanner.dtype).itemsize)
        if self.spectrometer is not None:
            sizes.append(self.spectrometer.size * np.dtype(self.spectrometer.dtype).itemsize)
        return max(sizes)

    def shared(self, max_pixels: int) -> int:
        """Bytes that frames need in shared memory: the largest one, and two patterns behind it."""
        patterns = 0
        if self.frame_source is not None:
            ny, nx = self.frame_source.shape
            patterns = 2 * ny * nx * self.frame_source.itemsize
        return self.largest_frame(max_pixels) + patterns


def describe(instrument: Instrument) -> dict[str, Any]:
    """Describe an instrument as JSON holds it; each detector takes a frame, blanked, to tell its dtype."""
    description = Description(
        name=instrument.name,
        capabilities=instrument.capabilities,
        controls=_controls(instrument),
        scanner=_scanner(instrument),
        spectrometer=_spectrometer(instrument),
        frame_source=_frame_source(instrument),
    )
    return description.model_dump()


def _controls(instrument: Instrument) -> dict[str, Control]:
    if instrument.controls is None:
        return {}
    values = instrument.controls.state().values
    return {
        name: Control(low=info.low, high=info.high, settable=info.settable, readback=values[name].readback)
        for name, info in instrument.controls.controls.items()
    }


def _scanner(instrument: Instrument) -> ScannerDescription | None:
    scanner = instrument.scanner
    if scanner is None:
        return None
    limits, default = scanner.limits, asdict(scanner.default_scan)
    ny, nx = default.pop("shape")
    scanner.configure(scanner.default_scan)
    return ScannerDescription(
        field_of_view=limits.field_of_view,
        rotation=limits.rotation,
        dwell_time=limits.dwell_time,
        max_shape=limits.max_shape,
        default=Scan(ny=ny, nx=nx, **default),
        dtype=_dtype(scanner.dwell(limits.dwell_time[0])[scanner.channels[0]]),
    )


def _spectrometer(instrument: Instrument) -> SpectrometerDescription | None:
    spectrometer = instrument.spectrometer
    if spectrometer is None:
        return None
    axis = spectrometer.energy_axis
    return SpectrometerDescription(
        size=axis.size,
        offset=axis.offset,
        dispersion=axis.scale,
        dwell_time=spectrometer.dwell_time,
        saturation=spectrometer.saturation,
        dtype=_dtype(spectrometer.expose(spectrometer.dwell_time[0])),
    )


def _frame_source(instrument: Instrument) -> FrameSourceDescription | None:
    source = instrument.frame_source
    if source is None:
        return None
    ky, kx = source.frame_axes
    modes = [{**asdict(mode), "saturation": _finite(mode.saturation)} for mode in source.modes]
    return FrameSourceDescription(
        shape=(ky.size, kx.size),
        offset=(ky.offset, kx.offset),
        scale=(ky.scale, kx.scale),
        modes=tuple(ModeDescription.model_validate(mode) for mode in modes),
        triggers=source.triggers,
    )


def _finite(saturation: float) -> float:
    return saturation if math.isfinite(saturation) else 0.0


def _dtype(frame: Calibrated) -> str:
    return np.dtype(frame.data.dtype).str
