"""An IOC that is not ours: a database of EPICS base (pythonSoftIOC) with a scan generator and a camera.

`python soft_ioc.py PREFIX`; it prints "ready" and serves until its standard input is closed. Address and port
come from EPICS base's own environment variables.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import h5py
import numpy as np
from softioc import asyncio_dispatcher, builder, softioc

CHANNELS = 128
OFFSET, DISPERSION = -2.0, 0.25  # [eV], [eV a channel]


def long_string(name: str, value: str = "", out: bool = False, **options: object):
    make = builder.longStringOut if out else builder.longStringIn
    return make(name, initial_value=value, length=1024, **options)


class Camera:
    """A peak at the energy where the probe stands; frames go to an HDF5 file while it captures."""

    def __init__(self) -> None:
        self.x = self._setting("Scan:X", limits=(-50, 50), EGU="nm")
        self.y = self._setting("Scan:Y", limits=(-50, 50), EGU="nm")
        for name, value in (("FieldOfView", 100.0), ("Rotation", 0.0), ("DwellTime", 1e-6)):
            self._setting(f"Scan:{name}", value)
        for name in ("NumX", "NumY"):
            self._setting(f"Scan:{name}", 64)
        builder.aIn("Scan:PixelSize_RBV", initial_value=100 / 64)
        self.dwell = self._setting("EELS:cam1:AcquireTime", 0.01, EGU="s", PREC=4)
        self.acquire = builder.boolOut(
            "EELS:cam1:Acquire", "Done", "Acquire", on_update=self._acquire, blocking=True, always_update=True
        )
        self.state = builder.mbbIn("EELS:cam1:DetectorState_RBV", "Idle", "Acquire", "Error", "Aborted")
        long_string("EELS:cam1:StatusMessage_RBV")
        long_string("EELS:cam1:DataType_RBV", "<u4")
        self.counter = builder.longIn("EELS:cam1:ArrayCounter_RBV", initial_value=0)
        builder.longIn("EELS:cam1:ArraySizeX_RBV", initial_value=CHANNELS)
        builder.aIn("EELS:cam1:Saturation_RBV", initial_value=0)
        builder.aIn("EELS:Energy:Offset_RBV", initial_value=OFFSET, EGU="eV")
        builder.aIn("EELS:Energy:Dispersion_RBV", initial_value=DISPERSION, EGU="eV", PREC=4)
        self.image = builder.WaveformIn("EELS:image1:ArrayData", np.zeros(CHANNELS, dtype=np.float32))
        self.total = builder.aIn("EELS:Stats1:Total_RBV", initial_value=0)
        self._add_file("EELS:HDF1:")
        self._add_ioc()

    def _setting(
        self, name: str, value: float = 0.0, limits: tuple[float, float] | None = None, **fields: object
    ):
        readback = builder.aIn(f"{name}_RBV", initial_value=value, **fields)
        if limits:
            fields |= dict(zip(("DRVL", "DRVH"), limits, strict=True))
        builder.aOut(
            name, initial_value=value, on_update=readback.set, always_update=True, blocking=True, **fields
        )
        return readback

    def _add_file(self, group: str) -> None:
        self.path = long_string(f"{group}FilePath_RBV")
        long_string(f"{group}FilePath", out=True, on_update=self.path.set, always_update=True)
        self.name = long_string(f"{group}FileName_RBV")
        long_string(f"{group}FileName", out=True, on_update=self.name.set, always_update=True)
        self.capturing = builder.boolIn(f"{group}Capture_RBV", "Done", "Capture")
        builder.boolOut(f"{group}Capture", "Done", "Capture", on_update=self._capture, blocking=True)
        self.full_name = long_string(f"{group}FullFileName_RBV")
        self.captured = builder.longIn(f"{group}NumCaptured_RBV", initial_value=0)
        builder.mbbIn(f"{group}WriteStatus_RBV", "Ok", "Error")
        long_string(f"{group}WriteMessage_RBV")
        self.file: h5py.File | None = None

    def _add_ioc(self) -> None:
        long_string("IOC:Driver_RBV", "softioc")
        long_string("IOC:Capabilities_RBV", "spectrometer")
        long_string("IOC:Message_RBV")
        builder.longIn("IOC:Heartbeat_RBV", initial_value=0)
        builder.longIn("IOC:Mismatches_RBV", initial_value=0)
        builder.boolOut("IOC:Abort", initial_value=0)
        builder.aOut("Beam:Lease", initial_value=0)  # taken, and not watched: there is no beam

    def _capture(self, on: int) -> None:
        if on:
            path = Path(self.path.get()) / f"{self.name.get()}.h5"
            self.file = h5py.File(path, "w", libver="latest")
            self.file.create_dataset(
                "entry/data/data", (0, CHANNELS), "<u4", maxshape=(None, CHANNELS), chunks=(1, CHANNELS)
            )
            self.file.swmr_mode = True
            self.full_name.set(str(path))
            self.captured.set(0)
        elif self.file is not None:
            self.file.close()
            self.file = None
        self.capturing.set(on)

    async def _acquire(self, on: int) -> None:
        if not on:
            return
        self.state.set(1)
        await asyncio.sleep(self.dwell.get())
        energy = OFFSET + DISPERSION * np.arange(CHANNELS)
        where = 10 + self.x.get() / 10 + self.y.get() / 100
        spectrum = np.round(1000 * np.exp(-((energy - where) ** 2))).astype("<u4")
        self.image.set(spectrum.astype(np.float32))
        self.total.set(float(spectrum.sum()))
        if self.file is not None:
            frames = self.file["entry/data/data"]
            frames.resize(len(frames) + 1, axis=0)
            frames[-1] = spectrum
            self.file.flush()
            self.captured.set(len(frames))
        self.counter.set(self.counter.get() + 1)
        self.state.set(0)
        self.acquire.set(0, process=False)


if __name__ == "__main__":
    dispatcher = asyncio_dispatcher.AsyncioDispatcher()
    builder.SetDeviceName(sys.argv[1].rstrip(":"))
    Camera()
    builder.LoadDatabase()
    softioc.iocInit(dispatcher)
    print("ready", flush=True)
    sys.stdin.read()
