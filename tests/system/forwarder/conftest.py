"""A catalog on a port of its own, so that it can be killed and started again; runs of every kind of data."""

from __future__ import annotations

import os
import signal
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from event_model import compose_run

from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.forwarder import ForwarderProcess
from stemline.tiled_config.journal.file import encode
from stemline.tiled_config.server import CatalogServer

Documents = list[tuple[str, dict[str, Any]]]


@dataclass
class Run:
    """A run, document by document, and what the catalog must have of it in the end."""

    folder: Path
    points: int
    documents: Documents = field(default_factory=list)
    # By stream and key, one value an event; frames too.
    values: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    events: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        return str(self.documents[0][1]["uid"])

    @property
    def lines(self) -> list[bytes]:
        return [encode(name, doc) for name, doc in self.documents]


def make_run(folder: Path, points: int = 12, retake: tuple[int, ...] = (), wide_columns: int = 3) -> Run:
    """Scalars, texts, small and large arrays, frames in HDF5, and a second stream.

    The points in `retake` are measured twice under the same seq_num, as after a RunEngine's rewind.
    """
    run = Run(folder, points)
    rng = np.random.default_rng(points)
    bundle = compose_run(metadata={"plan_name": "every_kind", "num_points": points})
    add(run, "start", bundle.start_doc)
    folder.mkdir(exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.h5"
    keys = {
        "x": {"source": "test", "dtype": "number", "shape": []},
        "n": {"source": "test", "dtype": "integer", "shape": []},
        "strategy": {"source": "test", "dtype": "string", "shape": []},
        "few": {"source": "test", "dtype": "array", "shape": [4], "dtype_numpy": "<f8"},
        "many": {"source": "test", "dtype": "array", "shape": [32], "dtype_numpy": "<f4"},
        "map": {"source": "test", "dtype": "array", "shape": [8, 8], "dtype_numpy": "<f8"},
        "image": {
            "source": "test",
            "dtype": "array",
            "shape": [6, 5],
            "dtype_numpy": "<u2",
            "external": "STREAM:",
        },
    }
    primary = bundle.compose_descriptor(name="primary", data_keys=keys)
    add(run, "descriptor", primary.descriptor_doc)
    wide = bundle.compose_descriptor(
        name="wide",
        data_keys={
            f"w{i:04d}": {"source": "test", "dtype": "number", "shape": []} for i in range(wide_columns)
        },
    )
    add(run, "descriptor", wide.descriptor_doc)
    frames = bundle.compose_stream_resource(
        mimetype="application/x-hdf5",
        uri=f"file://localhost{path}",
        data_key="image",
        parameters={"dataset": "/entry/data/data", "chunk_shape": (1, 6, 5), "swmr": False},
    )
    add(run, "stream_resource", frames.stream_resource_doc)
    images = []
    for point in range(points):
        for attempt in range(2 if point in retake else 1):
            images.append(rng.integers(0, 1000, (6, 5)).astype("<u2"))
            index = len(images) - 1
            datum = frames.compose_stream_datum({"start": index, "stop": index + 1})
            datum |= {
                "descriptor": primary.descriptor_doc["uid"],
                "seq_nums": {"start": point + 1, "stop": point + 2},
            }
            add(run, "stream_datum", datum)
            data = {
                "x": 0 if point == 0 else point + 0.25 * attempt,
                "n": point,
                "strategy": "seed" if point < 3 else "expected_improvement",
                "few": rng.normal(size=4),
                "many": rng.normal(size=32).astype("<f4"),
                "map": rng.normal(size=(8, 8)),
            }
            event(run, primary, "primary", point + 1, data)
            run.values.setdefault(("primary", "image"), [])[point:] = [images[-1]]
        if point % 4 == 0:
            event(
                run,
                wide,
                "wide",
                point // 4 + 1,
                {f"w{i:04d}": float(i + point) for i in range(wide_columns)},
            )
    with h5py.File(path, "w") as file:
        file.create_dataset("/entry/data/data", data=np.stack(images), chunks=(1, 6, 5))
    add(run, "stop", bundle.compose_stop())
    return run


def event(run: Run, descriptor: Any, stream: str, seq_num: int, data: dict[str, Any]) -> None:
    stamp = time.time()
    doc = descriptor.compose_event(
        data=data, timestamps=dict.fromkeys(data, stamp), seq_num=seq_num, time=stamp, validate=False
    )
    add(run, "event", doc)
    run.events.setdefault(stream, [])[seq_num - 1 :] = [(seq_num, doc["time"])]
    for key, value in data.items():
        run.values.setdefault((stream, key), [])[seq_num - 1 :] = [value]


def add(run: Run, name: str, doc: Any) -> None:
    run.documents.append((name, dict(doc)))


def assert_in_catalog(runs: Any, run: Run) -> None:
    """Every document once, in order, with its values: not one more, not one less."""
    node = runs[run.uid]
    for stream, events in run.events.items():
        inside = node[stream].base
        tables = [child.read() for key, child in inside.items() if key.startswith("internal")]
        assert {len(table) for table in tables} == {len(events)}, stream
        columns = {name: table[name] for table in tables for name in table.columns}
        assert list(zip(columns["seq_num"], columns["time"], strict=True)) == events
        for (where, key), values in run.values.items():
            if where == stream:
                # Tiled makes text of a column of lists when it is asked for the table.
                scalar = np.ndim(values[0]) == 0
                there = columns[key].to_numpy() if scalar else node[f"{stream}/{key}"][:]
                assert np.array_equal(there, np.asarray(values)), key
    _, stop = run.documents[-1]
    assert node.metadata["stop"] == stop
    assert node.metadata["start"]["uid"] == run.uid


@dataclass
class Bench:
    """A catalog that can be killed, a journal folder, a forwarder that can be killed."""

    folder: Path
    config: CatalogConfig
    server: CatalogServer
    forwarder: ForwarderProcess

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    def write(self, run: Run, lines: int | None = None, first: int = 0) -> None:
        with (self.journal / f"{run.uid}.jsonl").open("ab") as file:
            file.write(b"".join(run.lines[first:lines]))

    def is_forwarded(self, run: Run) -> bool:
        return (self.journal / "forwarded" / f"{run.uid}.jsonl").exists()

    def restart_server(self) -> None:
        self.server.stop()
        self.server = CatalogServer(self.config).start()

    def kill_server(self) -> None:
        send(self.server.pid, signal.SIGKILL)

    def kill_forwarder(self) -> None:
        assert self.forwarder.pid is not None
        send(self.forwarder.pid, signal.SIGKILL)
        self.forwarder.wait()


def send(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)


def until(condition: Callable[[], Any], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CatalogConfig, CatalogServer]]:
    """One server for all tests of a file that leave it alone."""
    folder = tmp_path_factory.mktemp("shared")
    config = CatalogConfig(folder=folder / "catalog", readable=(folder / "frames",))
    with CatalogServer(config) as server:
        yield config, server


@pytest.fixture
def runs(catalog: tuple[CatalogConfig, CatalogServer]) -> Iterator[Any]:
    _, server = catalog
    runs = connect(server.uri, server.api_key)
    yield runs
    disconnect(runs)


@pytest.fixture
def frames(catalog: tuple[CatalogConfig, CatalogServer]) -> Path:
    config, _ = catalog
    return config.readable[0]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A server of one's own, on a port that stays the same."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = CatalogConfig(folder=tmp_path / "catalog", readable=(tmp_path / "frames",), port=port)
    server = CatalogServer(config).start()
    bench = Bench(
        tmp_path, config, server, ForwarderProcess(tmp_path / "journal", server.uri, server.api_key)
    )
    bench.journal.mkdir()
    yield bench
    bench.forwarder.stop()
    bench.server.stop()


@pytest.fixture
def tools() -> Any:
    """What the tests of this folder share; with importlib mode they can't import one another."""

    class Tools:
        make_run = staticmethod(make_run)
        two_tables = 1100  # columns of which Tiled's writer makes two tables
        assert_in_catalog = staticmethod(assert_in_catalog)
        until = staticmethod(until)
        send = staticmethod(send)

    return Tools
