"""A catalog, and soft devices that write spectra and images to HDF5 as the microscope does."""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import h5py
import numpy as np
import pytest
from bluesky import RunEngine
from event_model import compose_stream_resource
from ophyd import Device, Signal
from ophyd.status import DeviceStatus

from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.forwarder.run_writer import RunWriter
from stemline.tiled_config.server import CatalogServer


class FrameDetector(Device):
    """Appends a random frame to an SWMR file at each trigger, and refers to the newest one."""

    def __init__(self, name: str, key: str, folder: Path, shape: tuple[int, ...], dtype: str) -> None:
        super().__init__(name=name)
        self.key, self.folder, self.shape, self.frame_dtype = key, folder, shape, dtype
        self.frames: list[np.ndarray] = []
        self._rng = np.random.default_rng(3)

    def stage(self) -> list[object]:
        self.folder.mkdir(exist_ok=True)
        self._path = self.folder / f"{uuid.uuid4().hex}.h5"
        self._file = h5py.File(self._path, "w", libver="latest")
        self._data = self._file.create_dataset(
            "/entry/data/data",
            shape=(0, *self.shape),
            maxshape=(None, *self.shape),
            chunks=(1, *self.shape),
            dtype=self.frame_dtype,
        )
        self._file.swmr_mode = True
        self.frames, self._bundle = [], None
        return super().stage()

    def unstage(self) -> list[object]:
        self._file.close()
        return super().unstage()

    def trigger(self) -> DeviceStatus:
        frame = self._rng.poisson(40, self.shape).astype(self.frame_dtype)
        self.frames.append(frame)
        self._data.resize(len(self.frames), axis=0)
        self._data[-1] = frame
        self._data.flush()
        status = DeviceStatus(self)
        status.set_finished()
        return status

    def describe(self) -> dict[str, Any]:
        return {
            self.key: {
                "source": "test",
                "dtype": "array",
                "dtype_numpy": np.dtype(self.frame_dtype).str,
                "shape": list(self.shape),
                "external": "STREAM:",
            }
        }

    def get_index(self) -> int:
        return len(self.frames)

    def collect_asset_docs(self, index: int | None = None) -> Iterator[tuple[str, Any]]:
        if self._bundle is None:
            self._bundle = compose_stream_resource(
                mimetype="application/x-hdf5",
                uri=f"file://localhost{self._path}",
                data_key=self.key,
                parameters={
                    "dataset": "/entry/data/data",
                    "chunk_shape": (1, *self.shape),
                    "swmr": True,
                },
            )
            yield "stream_resource", self._bundle.stream_resource_doc
        count = len(self.frames)
        yield "stream_datum", self._bundle.compose_stream_datum({"start": count - 1, "stop": count})


class Subscriber:
    """Writes what has come when it is told to, and at the end of a run."""

    def __init__(self, runs: Any) -> None:
        self._runs = runs
        self._writer: RunWriter | None = None

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        if self._writer is None:
            self._writer = RunWriter(self._runs)
        self._writer(name, copy.deepcopy(doc))
        if name == "stop":
            self.write_waiting()
            self._writer = None

    def write_waiting(self) -> None:
        if self._writer is not None:
            self._writer.write_waiting()


@dataclass
class Bench:
    """What a test acts on."""

    server: CatalogServer
    runs: Any
    RE: RunEngine
    writing: Subscriber
    image: FrameDetector
    spectrum: FrameDetector

    def run(self, plan: Any) -> str:
        (uid,) = self.RE(plan)
        return str(uid)


@pytest.fixture(scope="session")
def catalog_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalog")


@pytest.fixture(scope="session")
def server(catalog_folder: Path) -> Iterator[CatalogServer]:
    config = CatalogConfig(folder=catalog_folder / "catalog", readable=(catalog_folder / "frames",))
    with CatalogServer(config) as server:
        yield server


@pytest.fixture
def make_bench(catalog_folder: Path) -> Iterator[Callable[[CatalogServer], Bench]]:
    benches: list[Bench] = []

    def make(server: CatalogServer) -> Bench:
        runs = connect(server.uri, server.api_key)
        engine = RunEngine()
        engine.subscribe(writing := Subscriber(runs))
        frames = catalog_folder / "frames"
        image = FrameDetector("haadf", "haadf_image", frames, (24, 32), "<u2")
        spectrum = FrameDetector("eels", "eels_spectrum", frames, (1024,), "<f4")
        benches.append(Bench(server, runs, engine, writing, image, spectrum))
        return benches[-1]

    yield make
    for bench in benches:
        disconnect(bench.runs)


@pytest.fixture
def bench(server: CatalogServer, make_bench: Callable[[CatalogServer], Bench]) -> Bench:
    return make_bench(server)


def put(signal: Signal, value: Any) -> Any:
    """Put without ophyd's wait for equality, which never comes for NaN."""
    signal.put(value)
    yield from bps.null()


def adaptive_plan(
    bench: Bench,
    num_points: int = 12,
    look: Callable[[], None] | None = None,
    look_at: int = 5,
    plan_name: str = "adaptive_spectroscopy",
) -> Any:
    """Measure as `adaptive_spectroscopy` does, with soft signals; call `look` before point `look_at`."""
    rng = np.random.default_rng(len(plan_name))
    soft = {
        key: Signal(name=key, value=value)
        for key, value in {
            "scanner_y": 0.0,
            "scanner_x": 0.0,
            "scalar_value": float("nan"),
            "scalar_sigma": 0.0,
            "scalar_flags": 0,
            "beam_electrons": 0.0,
            "scanner_field_of_view": 80.0,
            "decision_id": -1,
            "decision_mean": float("nan"),
            "decision_strategy": "",
            "decision_reason": "",
            "prediction_mean": rng.normal(size=(64, 64)),
            "prediction_sigma": rng.normal(size=(64, 64)),
        }.items()
    }
    primary = [soft[key] for key in soft if key.startswith(("scanner_y", "scanner_x", "scalar", "beam"))]
    decisions = [soft[key] for key in soft if key.startswith("decision")]
    maps = [soft["prediction_mean"], soft["prediction_sigma"]]

    def event(stream: str, *devices: Any) -> Any:
        yield from bps.create(stream)
        for device in devices:
            yield from bps.read(device)
        yield from bps.save()

    @bpp.stage_decorator([bench.image, bench.spectrum])
    @bpp.run_decorator(
        md={
            "plan_name": plan_name,
            "num_points": num_points,
            "survey": {"shape": [24, 32], "field_of_view": 80.0, "dwell_time": 1e-5},
            "scalariser": {"kind": "integrated_intensity"},
            "electrons_before": 100.0,
        }
    )
    def inner() -> Any:
        yield from bps.trigger(bench.image, wait=True)
        yield from event("survey", bench.image, soft["scanner_field_of_view"])
        for i in range(num_points):
            if look is not None and i == look_at:
                bench.writing.write_waiting()
                looking = asyncio.run_coroutine_threadsafe(asyncio.to_thread(look), bench.RE.loop)
                yield from bps.wait_for([partial(_wait, looking)])
                looking.result()
            yield from put(soft["decision_id"], i)
            yield from put(soft["decision_strategy"], "seed" if i < 3 else "expected_improvement")
            yield from event("decisions", *decisions)
            yield from put(soft["scanner_y"], float(rng.uniform(-30, 30)))
            yield from put(soft["scanner_x"], float(rng.uniform(-40, 40)))
            yield from bps.trigger(bench.spectrum, wait=True)
            # An int among floats, a value that does not exist, one that is not to be trusted.
            value = {0: 0, 1: float("nan")}.get(i, float(i))
            yield from put(soft["scalar_value"], value)
            yield from put(soft["scalar_flags"], 1 if i == num_points - 1 else 0)
            yield from put(soft["beam_electrons"], 100.0 + 10.0 * (i + 1))
            yield from event("primary", *primary, bench.spectrum)
        yield from event("prediction", *maps)
        yield from put(soft["decision_reason"], "measured enough")
        yield from event("decisions", *decisions)

    return inner()


async def _wait(future: Future[None]) -> None:
    await asyncio.wait([asyncio.wrap_future(future)])


@pytest.fixture
def plan() -> Callable[..., Any]:
    return adaptive_plan
