"""What an instrument is, in the words and values that cross from the driver's process to the IOC."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..instruments.protocol import Calibrated, Instrument


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


class Description(_Frozen):
    """A whole instrument."""

    name: str
    capabilities: tuple[str, ...]
    controls: dict[str, Control] = {}
    scanner: ScannerDescription | None = None
    spectrometer: SpectrometerDescription | None = None

    def largest_frame(self, max_pixels: int) -> int:
        """Bytes of the largest frame of any detector, images having at most `max_pixels`."""
        sizes = [1]
        if self.scanner is not None:
            sizes.append(self.scanner.largest(max_pixels) * np.dtype(self.scanner.dtype).itemsize)
        if self.spectrometer is not None:
            sizes.append(self.spectrometer.size * np.dtype(self.spectrometer.dtype).itemsize)
        return max(sizes)


def describe(instrument: Instrument) -> dict[str, Any]:
    """Describe an instrument as JSON holds it; each detector takes a frame, blanked, to tell its dtype."""
    description = Description(
        name=instrument.name,
        capabilities=instrument.capabilities,
        controls=_controls(instrument),
        scanner=_scanner(instrument),
        spectrometer=_spectrometer(instrument),
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


def _dtype(frame: Calibrated) -> str:
    return np.dtype(frame.data.dtype).str
