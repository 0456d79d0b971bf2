"""An IOC whose answers a test decides: what the devices make of good, bad and missing ones."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from stemline.devices.channel_access import Timeouts, use_channel_access
from stemline.devices.ioc.ca_server import Server, quiet
from stemline.devices.ioc.records import Records, Refused

TIMEOUTS = Timeouts(connection=3.0, read=3.0, write=8.0)


@dataclass
class ScriptedIOC:
    """Serves a scanner's x, and an EELS camera with its file, under ``T1:``."""

    refuse: dict[str, str] = field(default_factory=dict)  # reason by process variable
    ignore: set[str] = field(default_factory=set)  # puts that never complete
    failure: str = ""  # status message of the next acquisition
    lose_frames: bool = False
    steps: float = 0.0  # of what is set, in its readback
    write_root: str = "/data/ioc"
    aborts: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.records = Records("T1:", {})
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(5)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    def show(self, name: str, value: Any) -> None:
        """Set a process variable from the IOC's side."""
        record = self.records.pvdb["T1:" + name]
        asyncio.run_coroutine_threadsafe(record.show(value), self._loop).result(5)

    def value(self, name: str) -> Any:
        return self.records.pvdb["T1:" + name].value

    async def _serve(self) -> None:
        quiet()
        self._loop, self._stop, self._aborted = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._define()
        server = Server(self.records.pvdb, "127.0.0.1", 0)
        await server.start()
        self.port = server.port
        self._ready.set()
        await self._stop.wait()
        await server.stop()

    def _define(self) -> None:
        records = self.records

        def guarded(name: str, act: Any) -> Any:
            async def put(value: Any) -> Any:
                if name in self.ignore:
                    await self._aborted.wait()
                    raise Refused("aborted")
                if name in self.refuse:
                    raise Refused(self.refuse[name])
                return await act(value)

            return put

        async def take(value: Any) -> Any:
            return round(value / self.steps) * self.steps if self.steps else value

        async def abort(_: Any) -> None:
            self.aborts += 1
            self._aborted.set()
            await asyncio.sleep(0)
            self._aborted.clear()

        records.text("IOC:Driver_RBV", "scripted")
        records.text("IOC:Capabilities_RBV", "spectrometer,beam_current")
        for name in ("Current", "SettleTime", "ElectronBudget"):
            records.setting(f"Beam:{name}", records.number(f"Beam:{name}_RBV", 1.0), (0.0, 10.0), take)
        for name in ("Electrons_RBV", "OnTime_RBV"):
            records.number(f"Beam:{name}", 0.0)
        records.choice("Beam:Blanked_RBV", ("Unblanked", "Blanked"))
        records.integer("Beam:ResetElectrons", put=abort)
        records.number("Beam:Lease", 0.0, "s", take)
        records.integer("IOC:Heartbeat_RBV")
        records.integer("IOC:Mismatches_RBV")
        records.integer("IOC:Abort", put=abort)
        for name in ("X", "Y", "FieldOfView", "Rotation", "DwellTime"):
            readback = records.number(f"Scan:{name}_RBV", 0.0, "nm", precision=4)
            records.setting(f"Scan:{name}", readback, (-50.0, 50.0), guarded(f"Scan:{name}", take))
        for name in ("NumX", "NumY"):
            counts = records.integer(f"Scan:{name}_RBV", 64, "px")
            records.setting(f"Scan:{name}", counts, (1, 128), guarded(f"Scan:{name}", take))
        records.number("Scan:PixelSize_RBV", 1.0, "nm")
        time_readback = records.number("EELS:cam1:AcquireTime_RBV", 0.01, "s")
        records.setting("EELS:cam1:AcquireTime", time_readback, (1e-6, 10.0), take)
        records.choice("EELS:cam1:Acquire", ("Done", "Acquire"), guarded("EELS:cam1:Acquire", self._acquire))
        records.choice("EELS:cam1:DetectorState_RBV", ("Idle", "Acquire", "Error", "Aborted"))
        for name, text in (("StatusMessage_RBV", ""), ("DataType_RBV", "float32")):
            records.text(f"EELS:cam1:{name}", text)
        records.integer("EELS:cam1:ArrayCounter_RBV")
        records.integer("EELS:cam1:ArraySizeX_RBV", 16)
        records.number("EELS:cam1:Saturation_RBV", 65535.0, "counts")
        records.number("EELS:Energy:Offset_RBV", -2.0, "eV")
        records.number("EELS:Energy:Dispersion_RBV", 0.5, "eV")
        records.waveform("EELS:image1:ArrayData", 16, True, "counts")
        records.number("EELS:Stats1:Total_RBV", 0.0, "counts")
        for name in ("FilePath", "FileName"):
            records.text(f"EELS:HDF1:{name}", "", self._mirrored(f"EELS:HDF1:{name}_RBV"))
            records.text(f"EELS:HDF1:{name}_RBV")
        for name in ("FullFileName_RBV", "WriteMessage_RBV"):
            records.text(f"EELS:HDF1:{name}")
        records.integer("EELS:HDF1:NumCaptured_RBV")
        records.choice("EELS:HDF1:WriteStatus_RBV", ("Ok", "Error"))
        records.choice("EELS:HDF1:Capture", ("Done", "Capture"), guarded("EELS:HDF1:Capture", self._capture))
        records.choice("EELS:HDF1:Capture_RBV", ("Done", "Capture"))

    def _record(self, name: str) -> Any:
        return self.records.pvdb["T1:" + name]

    def _mirrored(self, name: str) -> Any:
        async def put(value: Any) -> None:
            await self._record(name).show(value)

        return put

    async def _capture(self, word: str) -> None:
        if word == "Capture":
            file = f"{self.write_root}/{self.value('EELS:HDF1:FileName_RBV')}.h5"
            await self._record("EELS:HDF1:FullFileName_RBV").show(file)
            await self._record("EELS:HDF1:NumCaptured_RBV").show(0)
        await self._record("EELS:HDF1:Capture_RBV").show(word)

    async def _acquire(self, _: str) -> None:
        await self._record("EELS:cam1:StatusMessage_RBV").show(self.failure)
        await self._record("EELS:cam1:DetectorState_RBV").show("Error" if self.failure else "Idle")
        if self.failure:
            raise Refused(self.failure)
        if not self.lose_frames and self.value("EELS:HDF1:Capture_RBV") == "Capture":
            await self._record("EELS:HDF1:NumCaptured_RBV").show(self.value("EELS:HDF1:NumCaptured_RBV") + 1)
        counter = self.value("EELS:cam1:ArrayCounter_RBV") + 1
        await self._record("EELS:cam1:ArrayCounter_RBV").show(counter)
        await self._record("EELS:image1:ArrayData").show([float(counter)] * 16)
        await self._record("EELS:Stats1:Total_RBV").show(16.0 * counter)


@pytest.fixture(scope="session")
def _scripted() -> Iterator[ScriptedIOC]:
    ioc = ScriptedIOC()
    ioc.start()
    yield ioc
    ioc.stop()


@pytest.fixture
def scripted(_scripted: ScriptedIOC) -> ScriptedIOC:
    """The scripted IOC with its first answers, and the clients pointed at it."""
    use_channel_access([f"127.0.0.1:{_scripted.port}"], timeouts=TIMEOUTS)
    _scripted.refuse.clear()
    _scripted.ignore.clear()
    _scripted.failure, _scripted.lose_frames, _scripted.aborts, _scripted.steps = "", False, 0, 0.0
    _scripted.show("EELS:cam1:DetectorState_RBV", "Idle")
    return _scripted
