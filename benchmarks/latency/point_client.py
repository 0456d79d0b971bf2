"""One client process: connects, takes points in a Bluesky run, prints what they took as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stemline.devices.channel_access import use_channel_access


@dataclass(frozen=True)
class Setup:
    """What the plan needs of either microscope."""

    y: Any
    x: Any
    detector: Any
    spectrum: Any
    data_key: str


def ours(prefix: str, root: Path, dwell: float) -> Setup:
    """Connect to our IOC."""
    from stemline.devices.frame_file import DataRoots
    from stemline.devices.microscope import connect

    microscope = connect(prefix, DataRoots(root, root))
    assert microscope.scanner is not None and microscope.eels is not None
    microscope.eels.acquire_time.set(dwell).wait()
    scanner, eels = microscope.scanner, microscope.eels
    return Setup(scanner.y, scanner.x, eels, eels.spectrum, "eels_total")


def naive(prefix: str, complete: bool) -> Setup:
    """Connect to the peer with ophyd's own signals, with or without put completion."""
    from ophyd import Component as Cpt
    from ophyd import Device, EpicsSignal, EpicsSignalRO, Kind
    from ophyd.status import DeviceStatus, SubscriptionStatus

    class Axis(EpicsSignal):  # type: ignore[misc]
        def __init__(self, pv: str, **kwargs: Any) -> None:
            super().__init__(pv + "_RBV", write_pv=pv, put_complete=complete, **kwargs)

    class Detector(Device):  # type: ignore[misc]
        acquire = Cpt(EpicsSignal, "EELS:cam1:Acquire", kind=Kind.omitted)
        counter = Cpt(EpicsSignalRO, "EELS:cam1:ArrayCounter_RBV", kind=Kind.omitted)
        spectrum = Cpt(EpicsSignalRO, "EELS:image1:ArrayData", kind=Kind.omitted)
        total = Cpt(EpicsSignalRO, "EELS:Stats1:Total_RBV")

        def trigger(self) -> Any:
            if complete:
                status = DeviceStatus(self)
                self.acquire.put(1, use_complete=True, callback=lambda **_: status.set_finished())
                return status
            before = self.counter.get()
            status = SubscriptionStatus(self.counter, lambda *, value, **_: value > before, run=False)
            self.acquire.put(1)
            return status

    detector = Detector(prefix, name="eels")
    y, x = Axis(prefix + "Scan:Y", name="scanner_y"), Axis(prefix + "Scan:X", name="scanner_x")
    for one in (detector, y, x):
        one.wait_for_connection(timeout=10)
    return Setup(y, x, detector, detector.spectrum, "eels_total")


def points(setup: Setup, count: int, times: list[float], totals: list[float]) -> Iterator[Any]:
    """Take `count` points; `times` are those of each [s], `totals` the sums of the spectra that were read."""
    import bluesky.plan_stubs as bps
    import bluesky.preprocessors as bpp

    positions = np.random.default_rng(0).uniform(-20, 20, (count, 2))

    @bpp.stage_decorator([setup.detector])
    @bpp.run_decorator()
    def run() -> Iterator[Any]:
        for y, x in positions:
            begin = time.perf_counter()
            yield from bps.checkpoint()
            yield from bps.mv(setup.y, y, setup.x, x)
            yield from bps.trigger(setup.detector, wait=True)
            spectrum = yield from bps.rd(setup.spectrum)
            yield from bps.create()
            for readable in (setup.detector, setup.y, setup.x):
                yield from bps.read(readable)
            yield from bps.save()
            times.append(time.perf_counter() - begin)
            totals.append(float(np.sum(spectrum)))

    yield from run()


def measure(connect: Callable[[], Setup], count: int) -> dict[str, Any]:
    """Take points, check them, and say what each took [s]."""
    from bluesky import RunEngine

    setup = connect()
    events: list[dict[str, Any]] = []
    engine = RunEngine({})
    engine.subscribe(lambda _, doc: events.append(doc["data"]), "event")
    engine(points(setup, 10, [], []))
    events.clear()
    times: list[float] = []
    totals: list[float] = []
    cpu = time.process_time()
    engine(points(setup, count, times, totals))
    cpu = time.process_time() - cpu
    assert len(events) == count
    np.testing.assert_allclose([event[setup.data_key] for event in events], totals)
    asked = np.random.default_rng(0).uniform(-20, 20, (count, 2))
    np.testing.assert_allclose([[event["scanner_y"], event["scanner_x"]] for event in events], asked)
    return {"times": times, "totals": totals, "cpu": cpu / count}


def main(row: str, layer: str, prefix: str, port: str, root: str, dwell: str, count: str) -> None:
    """Measure one row."""
    use_channel_access([f"127.0.0.1:{port}"], layer="pyepics" if layer == "pyepics" else "caproto")
    if row == "ours":
        result = measure(lambda: ours(prefix, Path(root), float(dwell)), int(count))
    else:
        result = measure(lambda: naive(prefix, row == "complete"), int(count))
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
