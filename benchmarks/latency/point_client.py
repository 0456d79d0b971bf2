"""One client process: connects, takes points in a Bluesky run, prints what they took as JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import numpy as np
from bluesky import Msg, RunEngine
from ophyd import Component as Cpt
from ophyd import Device, EpicsSignal, EpicsSignalRO, Kind
from ophyd.status import DeviceStatus, SubscriptionStatus

from stemline.devices.channel_access import use_channel_access
from stemline.devices.frame_file import DataRoots
from stemline.devices.microscope import connect


@dataclass(frozen=True)
class Setup:
    """What the plan needs of either microscope."""

    y: Any
    x: Any
    detector: Any
    spectrum: Any


def ours(prefix: str, root: Path, dwell: float) -> Setup:
    """Connect to our IOC."""
    use_channel_access(
        [os.environ["EPICS_CA_ADDR_LIST"]],
        layer="pyepics" if os.environ["OPHYD_CONTROL_LAYER"] == "pyepics" else "caproto",
    )
    microscope = connect(prefix, DataRoots(root, root))
    scanner, eels = microscope.scanner, microscope.eels
    assert scanner is not None
    assert eels is not None
    eels.acquire_time.set(dwell).wait()
    return Setup(scanner.y, scanner.x, eels, eels.spectrum)


def naive(prefix: str, complete: bool, monitor: bool) -> Setup:
    """Connect to the peer with ophyd's own signals: with or without put completion, monitored or not."""

    class Axis(EpicsSignal):  # type: ignore[misc]
        def __init__(self, pv: str, **kwargs: Any) -> None:
            super().__init__(pv + "_RBV", write_pv=pv, put_complete=complete, auto_monitor=monitor, **kwargs)

    class Detector(Device):  # type: ignore[misc]
        acquire = Cpt(EpicsSignal, "EELS:cam1:Acquire", kind=Kind.omitted)
        counter = Cpt(EpicsSignalRO, "EELS:cam1:ArrayCounter_RBV", kind=Kind.omitted)
        spectrum = Cpt(EpicsSignalRO, "EELS:image1:ArrayData", kind=Kind.omitted)
        total = Cpt(EpicsSignalRO, "EELS:Stats1:Total_RBV", auto_monitor=monitor)

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
    return Setup(y, x, detector, detector.spectrum)


def with_messages(setup: Setup, y: float, x: float) -> Iterator[Any]:
    """Take one point with bare messages; returns the spectrum."""
    yield Msg("checkpoint")
    yield Msg("set", setup.y, y, group="move")
    yield Msg("set", setup.x, x, group="move")
    yield Msg("wait", None, group="move")
    yield Msg("trigger", setup.detector, group="trigger")
    yield Msg("wait", None, group="trigger")
    reading = yield Msg("read", setup.spectrum)
    yield Msg("create", None, name="primary")
    for readable in (setup.detector, setup.y, setup.x):
        yield Msg("read", readable)
    yield Msg("save")
    return reading[setup.spectrum.name]["value"]


def with_stubs(setup: Setup, y: float, x: float) -> Iterator[Any]:
    """Take one point with `bluesky.plan_stubs`, which format the stack at each call; returns the spectrum."""
    yield from bps.checkpoint()
    yield from bps.mv(setup.y, y, setup.x, x)
    yield from bps.trigger(setup.detector, wait=True)
    spectrum = yield from bps.rd(setup.spectrum)
    yield from bps.create()
    for readable in (setup.detector, setup.y, setup.x):
        yield from bps.read(readable)
    yield from bps.save()
    return spectrum


def points(
    setup: Setup, point: Callable[..., Any], count: int, times: list[float], totals: list[float]
) -> Iterator[Any]:
    """Take `count` points; `times` are those of each [s], `totals` the sums of the spectra that were read."""
    positions = np.random.default_rng(0).uniform(-20, 20, (count, 2))

    @bpp.stage_decorator([setup.detector])
    @bpp.run_decorator()
    def run() -> Iterator[Any]:
        for y, x in positions:
            begin = time.perf_counter()
            spectrum = yield from point(setup, y, x)
            times.append(time.perf_counter() - begin)
            totals.append(float(np.sum(spectrum)))

    yield from run()


def measure(setup: Setup, point: Callable[..., Any], count: int) -> dict[str, Any]:
    """Take points, and say what each took [s] and in how many events a reading was not that of the point."""
    events: list[dict[str, Any]] = []
    engine = RunEngine({})
    engine.subscribe(lambda _, doc: events.append(doc["data"]), "event")
    engine(points(setup, point, 10, [], []))
    events.clear()
    times: list[float] = []
    totals: list[float] = []
    cpu = time.process_time()
    engine(points(setup, point, count, times, totals))
    cpu = time.process_time() - cpu
    assert len(events) == count
    asked = np.random.default_rng(0).uniform(-20, 20, (count, 2))
    wanted = np.column_stack((asked, totals))
    taken = [[event[key] for key in ("scanner_y", "scanner_x", "eels_total")] for event in events]
    stale = int((~np.isclose(taken, wanted)).any(axis=1).sum())
    return {"times": times, "totals": totals, "cpu": cpu / count, "stale": stale}


def main(client: str, plan: str, prefix: str, root: str, dwell: str, count: str) -> None:
    """Measure one row."""
    if client == "ours":
        setup = ours(prefix, Path(root), float(dwell))
    else:
        setup = naive(prefix, "complete" in client, "monitored" in client)
    point = with_stubs if plan == "stubs" else with_messages
    print(json.dumps(measure(setup, point, int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
