"""What Nion's server, the IOC and a Bluesky plan each add to a move, a spectrum, an image and a 4D-STEM cube.

The same server (Nion's simulator in its own process and environment) is asked by its connection alone, by the
ophyd devices through the IOC, and by a plan.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import h5py
import numpy as np
from bluesky import RunEngine

from stemline.devices.channel_access import use_channel_access
from stemline.devices.frame_file import DataRoots
from stemline.devices.instruments.composition import InstrumentConfig
from stemline.devices.instruments.nion.config import NionConfig
from stemline.devices.instruments.nion.connection import Connection
from stemline.devices.instruments.nion.wire import DATASET, DIFFRACTION, unpack
from stemline.devices.ioc.config import IOCConfig
from stemline.devices.ioc.server import IOCThread
from stemline.devices.microscope import connect
from stemline.plans.fly_4dstem import fly_4dstem

NION_PYTHON = Path(__file__).parents[2] / ".venv-nion" / "bin" / "python"
EXPOSURE = 0.01  # [s]
FIELD = 160e-9  # [m]
BINNING = 2  # 128 x 128 pixels of the Ronchigram camera
WAYS = ("Pyro alone", "through the IOC", "in a plan")
PACKAGES = ("bluesky", "caproto", "ophyd", "Pyro5", "h5py", "numpy")


@contextlib.contextmanager
def nion_server(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the server; gives its address and token file."""
    token = folder / "token"
    arguments = ["--port", "0", "--token-file", str(token), "--data", str(folder / "nion")]
    with subprocess.Popen(
        [str(NION_PYTHON), "-m", "stemline.devices.instruments.nion_server", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[3].rstrip(","), token
        process.terminate()


def timed(action: Callable[[], object]) -> float:
    """Time of one call [ms]."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1e3


class Alone:
    """The connection, without anything of EPICS or Bluesky."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def frame(self, n: int) -> dict[str, Any]:
        """Describe a square frame."""
        return {"ny": n, "nx": n, "field_of_view": FIELD, "rotation": 0.0}

    def move(self, x: float) -> float:
        """Move the probe to x [nm]."""
        return timed(lambda: self._connection.call("place", self.frame(256), 0.0, x * 1e-9))

    def spectrum(self) -> float:
        """Take a spectrum."""
        request = {"frame": self.frame(256), "probe": [0.0, 0.0], "exposure": EXPOSURE}
        return self._lit(lambda: unpack(self._connection.acquire("spectrum", request)["data"]))

    def image(self) -> float:
        """Take an image."""
        request = {"frame": self.frame(256), "dwell_time": 1e-6}
        return self._lit(lambda: unpack(self._connection.acquire("scan", request)["images"]["HAADF"]))

    def cube(self, n: int) -> float:
        """Take a pattern at each of n x n pixels."""
        request = {"frame": self.frame(n), "exposure": EXPOSURE, "binning": BINNING}

        def take() -> None:
            path = Path(self._connection.acquire(DIFFRACTION, request)["path"])
            with h5py.File(path) as file:
                assert file[DATASET][...].shape[:2] == (n, n)
            path.unlink()

        return timed(take)

    def _lit(self, action: Callable[[], object]) -> float:
        def take() -> None:
            self._connection.call("unblank")
            action()
            self._connection.call("blank")

        return timed(take)


class ThroughIOC:
    """The ophyd devices, one call after the other."""

    def __init__(self, microscope: Any) -> None:
        self._m = microscope

    def move(self, x: float) -> float:
        """Move the probe to x [nm]."""
        return timed(lambda: self._m.scanner.x.set(x).wait())

    def spectrum(self) -> float:
        """Take a spectrum."""

        def take() -> None:
            self._m.eels.trigger().wait()
            self._m.eels.spectrum.get()

        return timed(take)

    def image(self) -> float:
        """Take an image."""

        def take() -> None:
            self._m.haadf.trigger().wait()
            self._m.haadf.image.get()

        return timed(take)


class InPlan:
    """A Bluesky run; what is timed is one point of many."""

    def __init__(self, microscope: Any) -> None:
        self._m = microscope
        self._engine = RunEngine({})

    def each(self, plan: Callable[[], Any], count: int) -> list[float]:
        """Time the points of a run of `count` [ms]."""
        times: list[float] = []

        def points() -> Iterator[Any]:
            for _ in range(count):
                began = time.perf_counter()
                yield from plan()
                times.append((time.perf_counter() - began) * 1e3)

        self._engine(points())
        return times

    def detector(self, detector: Any, count: int) -> list[float]:
        """Time of each event of a count [ms]."""
        ends: list[float] = []
        token = self._engine.subscribe(lambda *_: ends.append(time.perf_counter()), "event")
        self._engine(bp.count([detector], num=count + 1))
        self._engine.unsubscribe(token)
        return list(np.diff(ends) * 1e3)

    def cube(self, n: int) -> float:
        """Take a pattern at each of n x n pixels."""
        plan = fly_4dstem(self._m, shape=(n, n), field_of_view=FIELD * 1e9, dwell_time=EXPOSURE)
        return timed(lambda: self._engine(plan))


def measure(count: int, side: int, cubes: int) -> dict[str, dict[str, list[float]]]:
    """Take all rows in all ways [ms]."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with nion_server(folder) as (address, token):
            driver = NionConfig(
                address=address, token_file=token, shape=(256, 256), dwell_time=1e-6, binning=BINNING
            )
            config = IOCConfig(
                instrument=InstrumentConfig(drivers=(driver,)), write_root=folder / "ioc", overrun=60.0
            )
            with IOCThread(config) as ioc:
                use_channel_access([f"127.0.0.1:{ioc.port}"])
                microscope = connect(config.prefix, DataRoots(config.write_root, config.write_root))
                microscope.eels.acquire_time.set(EXPOSURE).wait()
                return _measure(
                    Alone(Connection(address, token.read_text().strip())),
                    ThroughIOC(microscope),
                    InPlan(microscope),
                    microscope,
                    count,
                    side,
                    cubes,
                )


def _measure(
    alone: Alone, ioc: ThroughIOC, plan: InPlan, m: Any, count: int, side: int, cubes: int
) -> dict[str, dict[str, list[float]]]:
    found: dict[str, dict[str, list[float]]] = {}
    places = np.random.default_rng(0).uniform(-60, 60, (3, count))

    def move() -> Iterator[Any]:
        yield from bps.mv(m.scanner.x, next(where))

    where = iter(places[2])
    found["probe move"] = {
        WAYS[0]: [alone.move(x) for x in places[0]],
        WAYS[1]: [ioc.move(x) for x in places[1]],
        WAYS[2]: plan.each(move, count),
    }
    found[f"spectrum, {EXPOSURE * 1e3:g} ms"] = {
        WAYS[0]: [alone.spectrum() for _ in range(count)],
        WAYS[1]: [ioc.spectrum() for _ in range(count)],
        WAYS[2]: plan.detector(m.eels, count),
    }
    few = max(5, count // 10)
    found["image 256 x 256, 1 us"] = {
        WAYS[0]: [alone.image() for _ in range(few)],
        WAYS[1]: [ioc.image() for _ in range(few)],
        WAYS[2]: plan.detector(m.haadf, few),
    }
    size = side * side * 128 * 128 * 4 / 1e6
    cube = found[f"{side} x {side} x 128 x 128, {size:.0f} MB"] = {way: [] for way in WAYS}
    for _ in range(cubes):
        cube[WAYS[0]].append(alone.cube(side))
        cube[WAYS[2]].append(plan.cube(side))
    return found


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """Write medians, and 5 to 95 %, as a Markdown table [ms]."""
    lines = [f"| [ms] | {' | '.join(WAYS)} |", "|---|---|---|---|"]
    for name, ways in found.items():
        cells = []
        for way in WAYS:
            times = ways.get(way)
            low, median, high = np.percentile(times, (5, 50, 95)) if times else (0.0, 0.0, 0.0)
            cells.append(f"{median:.4g} ({low:.4g} to {high:.4g}; n = {len(times)})" if times else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Run all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer points, and a cube of 4 MB")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    if not NION_PYTHON.exists():
        print("not run: make nion-env")
        return 0
    found = measure(*((30, 8, 1) if options.quick else (200, 64, 2)))
    print(table(found))
    versions = {package: importlib.metadata.version(package) for package in PACKAGES}
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"
    print(f"\n{time.strftime('%Y-%m-%d')}; {machine}; Python {platform.python_version()}; {versions}")
    if options.json is not None:
        options.json.write_text(json.dumps({"benchmark": "latency.nion", "rows": found}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
