"""An instrument whose exposures a test can watch, hold and fail."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caproto import CAStatus
from numpy.typing import NDArray

from stemline.devices.instruments.protocol import (
    Aborted,
    Axis,
    Calibrated,
    ControlInfo,
    ControlValue,
    FrameMode,
    FrameRequest,
    Instrument,
    InstrumentError,
    MicroscopeState,
    ScanLimits,
    ScanRequest,
)
from stemline.devices.ioc.beam_group import BeamGroup, BeamSettings
from stemline.devices.ioc.controls_group import add_controls
from stemline.devices.ioc.description import Description, describe
from stemline.devices.ioc.detectors import add_eels, add_haadf
from stemline.devices.ioc.dose import Account, Budgets
from stemline.devices.ioc.dose_map import DoseMap
from stemline.devices.ioc.driver_process import DriverError
from stemline.devices.ioc.exposure import Exposures
from stemline.devices.ioc.hdf5_group import HDF5Group
from stemline.devices.ioc.ioc_group import IOCGroup
from stemline.devices.ioc.lease import Leases
from stemline.devices.ioc.pixel_array_group import PixelArrayGroup
from stemline.devices.ioc.records import Choice, Records
from stemline.devices.ioc.scan_group import ScanGroup
from stemline.devices.ioc.synchronised_scan import SynchronisedScan
from stemline.devices.ioc.worker import Worker


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
    stop_after: int | None = None  # frames, then it waits for an abort
    stuck: threading.Event = field(default_factory=threading.Event)

    def instrument(self) -> Instrument:
        controls = None if self.current is None else self
        return Instrument(
            "fake", controls=controls, scanner=self, spectrometer=self, frame_source=self, blanker=self
        )

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

    # FrameSource: the first pixel of a frame holds its number
    frame_axes = (Axis("ky", 4, -2e-3, 1e-3, "rad"), Axis("kx", 6, -3e-3, 1e-3, "rad"))
    modes = (
        FrameMode("Counting12", "<u2", (1e-4, 1.0), 4095.0),
        FrameMode("Integrating", "<u4", (1e-3, 1.0), 2.0**30, "ADU"),
    )
    triggers = ("internal", "scan")
    at_once: int = 4  # frames a block

    def frames(self, request: FrameRequest) -> Iterator[NDArray[np.generic]]:
        self.log.append(f"arm {request.count} {request.trigger}")
        if request.trigger == "internal":
            self._expose()
        return self._blocks(request)

    def _blocks(self, request: FrameRequest) -> Iterator[NDArray[np.generic]]:
        dtype = next(mode.dtype for mode in self.modes if mode.name == request.mode)
        for first in range(0, request.count, self.at_once):
            if self.stop_after is not None and first >= self.stop_after:
                self.stuck.set()
                if not self.ended.wait(5):
                    raise InstrumentError("nobody ended the frames")
                raise Aborted("the frames were aborted")
            block = np.ones((min(self.at_once, request.count - first), 4, 6), dtype)
            block[:, 0, 0] = first + np.arange(len(block))
            yield block

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


class InlineDriver:
    """Does what `DriverProcess` does, in a thread of this process."""

    def __init__(self, instrument: Instrument) -> None:
        self.alive = True
        self.killed = False
        self.asked: list[str] = []
        self.worker = Worker(instrument)
        self.description = Description.model_validate(describe(instrument))
        self._block = SharedMemory(create=True, size=self.description.shared(10**6))
        self.worker.attach(self._block.name)
        self._numbers = itertools.count(1)
        self._last = 0

    def post(self, action: str, *, told: Any = None, **arguments: Any) -> asyncio.Future[dict[str, Any]]:
        self.asked.append(action)
        self._last = next(self._numbers)
        loop = asyncio.get_running_loop()
        if told is not None:
            self.worker.tell = lambda news: loop.call_soon_threadsafe(told, news)
        return asyncio.ensure_future(self._answer(self._last, action, arguments))

    async def _answer(self, number: int, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        def act() -> dict[str, Any]:
            self.worker.begin(number)
            return self.worker.actions[action](**arguments)

        try:
            answer = await asyncio.to_thread(act)
        except InstrumentError as error:
            raise DriverError(str(error)) from error
        if "error" in answer:
            raise DriverError(answer["error"], answer["kind"] == "aborted", answer)
        return answer

    silence = 0.0

    def call_off(self) -> None:
        self.worker.call_off(self._last)

    def renew(self, seconds: float) -> None:
        self.worker.renew(seconds)

    def kill(self) -> None:
        self.killed = True

    def frame(self, answer: dict[str, Any]) -> NDArray[np.generic]:
        offset = answer.get("offset", 0)
        return np.ndarray(answer["shape"], answer["dtype"], self._block.buf, offset).copy()

    def close(self) -> None:
        self.worker.close()
        self._block.close()
        self._block.unlink()


class Panel:
    """All process variables of the fake instrument, without a server; puts and gets as a client's."""

    def __init__(self, driver: InlineDriver, write_root: Path, **options: Any) -> None:
        description = driver.description
        self.records = records = Records("T1:", options.get("limits", {}), options.get("rules"))
        self.leases = leases = options.get("leases") or Leases()
        if "leases" not in options:
            leases.renew("", 1e6)
        self.beam = BeamGroup(
            records,
            description,
            leases,
            Account(DoseMap(0.5, options.get("extent", 400.0))),
            BeamSettings(0.0, Budgets(options.get("budget", 0.0), options.get("dose_budget", 0.0))),
        )
        self.exposures = Exposures(driver, self.beam, leases, options.get("overrun", 5.0))  # type: ignore[arg-type]
        add_controls(records, description, self.exposures, self.beam.current)
        IOCGroup(records, description, self.exposures)
        assert description.scanner is not None
        assert description.spectrometer is not None
        pixels = options.get("max_pixels", 10**6)
        scan = ScanGroup(records, description.scanner, self.exposures, pixels)

        def file(name: str) -> HDF5Group:
            return HDF5Group(records, name, self.exposures, write_root)

        haadf = add_haadf(records, description.scanner, scan, driver, self.exposures, file("HAADF"), pixels)  # type: ignore[arg-type]
        synchronised = SynchronisedScan(records, scan, haadf, self.exposures)
        assert description.frame_source is not None
        PixelArrayGroup(records, description.frame_source, synchronised, driver, self.exposures, file("PAD"))  # type: ignore[arg-type]
        self.cameras = (
            haadf,
            add_eels(records, description.spectrometer, driver, self.exposures, file("EELS")),  # type: ignore[arg-type]
        )

    def record(self, name: str) -> Any:
        return self.records.pvdb["T1:" + name]

    def __getitem__(self, name: str) -> Any:
        return self.record(name).value

    async def put(self, name: str, value: Any) -> bool:
        """Put as a client; says whether it succeeded."""
        record = self.record(name)
        if isinstance(record, Choice) and isinstance(value, str):
            value = record.enum_strings.index(value)
        data = np.frombuffer(value.encode("latin-1"), "u1") if isinstance(value, str) else [value]
        status = await record.auth_write("host", "user", data, record.data_type, None)
        return bool(status is CAStatus.ECA_NORMAL)


@pytest.fixture
def driver(fake: FakeInstrument) -> Iterator[InlineDriver]:
    made = InlineDriver(fake.instrument())
    fake.log.clear()
    fake.exposing.clear()
    yield made
    made.close()


@pytest.fixture
def play(driver: InlineDriver, tmp_path: Path) -> Callable[..., None]:
    """Run an ``async def script(panel)`` against all process variables; options as of `IOCConfig`."""

    def run(script: Callable[[Panel], Awaitable[None]], **options: Any) -> None:
        async def main() -> None:
            await asyncio.wait_for(script(Panel(driver, tmp_path, **options)), 10)

        asyncio.run(main())

    return run
