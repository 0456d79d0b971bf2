"""The detectors: which settings make an exposure of each."""

from __future__ import annotations

import math

from .camera_group import CameraGroup, Detector
from .description import ScannerDescription, SpectrometerDescription
from .driver_process import DriverProcess
from .exposure import Exposures, Shot
from .hdf5_group import HDF5Group
from .records import Records
from .scan_group import ScanGroup
from .units import EV, S

MODES = ("Frame", "Spot")
ACQUIRE_TIME = 0.01  # [s] a low-loss spectrum with good counts at some tens of pA


def add_haadf(
    records: Records,
    scanner: ScannerDescription,
    scan: ScanGroup,
    driver: DriverProcess,
    exposures: Exposures,
    file: HDF5Group,
    max_pixels: int,
) -> CameraGroup:
    """Add `HAADF:*`: a raster with the settings of `Scan:`, or one pixel where the probe stands."""

    def shape() -> tuple[int, int]:
        return (scan.frame.num_y, scan.frame.num_x) if mode.value == "Frame" else (1, 1)

    def shot() -> Shot:
        dwell = scan.frame.dwell_time
        if mode.value == "Frame":
            return Shot("HAADF", "frame", dwell, scan.frame.request())
        return Shot("HAADF", "spot", dwell, {})

    async def put_mode(word: str) -> None:
        await mode.show(word)
        await show_size()

    async def show_size() -> None:
        await camera.show_size(*shape())

    records.choice("HAADF:cam1:ScanMode", MODES, put_mode)
    mode = records.choice("HAADF:cam1:ScanMode_RBV", MODES)
    detector = Detector(
        name="HAADF",
        dtype=scanner.dtype,
        shape=shape(),
        largest=scanner.largest(max_pixels),
        statistic="MeanValue_RBV",
        summary=lambda total, size: total / size,
        take=lambda started: exposures.take(shot, started),
        call_off=exposures.call_off,
    )
    camera = CameraGroup(records, detector, driver, file)
    scan.changed = show_size
    return camera


def add_eels(
    records: Records,
    spectrometer: SpectrometerDescription,
    driver: DriverProcess,
    exposures: Exposures,
    file: HDF5Group,
) -> CameraGroup:
    """Add `EELS:*`: one spectrum where the probe stands."""

    async def apply(value: float) -> float:
        return value

    def shot() -> Shot:
        return Shot("EELS", "spectrum", float(dwell.value), {})

    low, high = records.narrowed("EELS:cam1:AcquireTime", spectrometer.dwell_time)
    dwell = records.number(
        "EELS:cam1:AcquireTime_RBV", min(max(ACQUIRE_TIME, low), high), S.name, precision=6
    )
    records.setting("EELS:cam1:AcquireTime", dwell, (low, high), apply)
    # Not infinity where it is unknown: documents are JSON, which has none.
    saturation = spectrometer.saturation if math.isfinite(spectrometer.saturation) else 0.0
    records.number("EELS:cam1:Saturation_RBV", saturation, "counts")
    records.number("EELS:Energy:Offset_RBV", spectrometer.offset, EV.name)
    records.number("EELS:Energy:Dispersion_RBV", spectrometer.dispersion, EV.name, precision=6)
    detector = Detector(
        name="EELS",
        dtype=spectrometer.dtype,
        shape=(1, spectrometer.size),
        largest=spectrometer.size,
        statistic="Total_RBV",
        summary=lambda total, size: total,
        take=lambda started: exposures.take(shot, started),
        call_off=exposures.call_off,
    )
    return CameraGroup(records, detector, driver, file)
