"""The live path: a detector's buffer -> counted and compressed -> file -> StreamDatum -> Tiled.

Ours takes the blocks of a buffer in memory as the driver's process does (`FrameSink`, `EncodedFile`: two
encoding threads), refers to new frames ten times a second, and hands the documents to our run writer. The
peer is what a classic ophyd detector does (in its favour: in blocks instead of frames): h5py, uncompressed,
one frame a chunk, and bluesky-tiled-plugins' TiledWriter. The Tiled server is a process of its own, whose
CPU is not counted. Every frame is different; three of every round are read back through Tiled and compared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from bluesky_tiled_plugins import TiledWriter
from event_model import compose_run, compose_stream_resource
from numpy.typing import NDArray

from stemline.analysis.container import MIMETYPE
from stemline.devices.instruments.protocol import Axis, FrameMode, FrameRequest
from stemline.devices.ioc.encoded_file import EncodedFile, warm_up
from stemline.devices.ioc.frame_sink import FrameSink
from stemline.tiled_config.client.connection import connect, disconnect
from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.forwarder.run_writer import RunWriter
from stemline.tiled_config.server.catalog_server import CatalogServer

from .patterns import SIZE, draw
from .timing import report, table

PACKAGES = ("h5py", "blosc2", "tiled", "bluesky-tiled-plugins", "ophyd", "numba")
DOSES = (0.02, 0.5)
GOALS = {0.02: 20_000, 0.5: 8_000}  # frames/s on two cores
BLOCK = 64  # frames that the detector hands over at once
PERIOD = 0.1  # [s] between two StreamDatums
MODE = FrameMode("Counting12", "<u2", (1e-5, 1.0), 65535.0)
AXES = (Axis("ky", SIZE, -0.128, 1e-3, "rad"), Axis("kx", SIZE, -0.128, 1e-3, "rad"))

Frames = NDArray[np.uint16]
Subscriber = Callable[[str, dict[str, Any]], Any]


class Documents:
    """The documents of a fly scan, handed to a subscriber."""

    def __init__(self, tell: Subscriber, path: Path, mimetype: str, block: int) -> None:
        self.run, self._tell = compose_run(), tell
        tell("start", self.run.start_doc)
        key = {"source": "b", "dtype": "array", "dtype_numpy": "<u2", "shape": [SIZE, SIZE]}
        keys = {"pattern": {**key, "external": "STREAM:", "dims": ["ky", "kx"]}}
        self._stream = self.run.compose_descriptor(name="primary", data_keys=keys)
        tell("descriptor", self._stream.descriptor_doc)
        parameters = {"dataset": "/entry/data/data", "chunk_shape": (block, SIZE, SIZE), "swmr": True}
        self._resource = compose_stream_resource(
            mimetype=mimetype, uri=f"file://localhost{path}", data_key="pattern", parameters=parameters
        )
        resource = {**self._resource.stream_resource_doc, "run_start": self.run.start_doc["uid"]}
        tell("stream_resource", resource)
        self._documented, self._when = 0, time.monotonic()

    def refer(self, stop: int, last: bool = False) -> None:
        """Refer to frames before `stop`, ten times a second."""
        if stop == self._documented or (not last and time.monotonic() - self._when < PERIOD):
            return
        span = {"start": self._documented, "stop": stop}
        numbers = {"start": span["start"] + 1, "stop": stop + 1}
        datum = self._resource.compose_stream_datum(
            span, seq_nums=numbers, descriptor=self._stream.descriptor_doc, validate=False
        )
        self._tell("stream_datum", datum)
        self._documented, self._when = stop, time.monotonic()

    def end(self) -> str:
        """Close the run; returns its uid."""
        self._tell("stop", self.run.compose_stop())
        return str(self.run.start_doc["uid"])


def ours(blocks: Iterator[Frames], count: int, path: Path, tell: Subscriber) -> str:
    """Take the blocks as the driver's process does."""
    memory = SharedMemory(create=True, size=4 * SIZE * SIZE)
    file = EncodedFile(path)
    documents: list[Documents] = []

    def told(news: dict[str, Any]) -> None:
        captured = news["frames"]["captured"]
        if captured and not documents:
            documents.append(Documents(tell, path, MIMETYPE, BLOCK))
        if documents:
            documents[0].refer(captured)

    try:
        sink = FrameSink(FrameRequest(count, 1e-4, MODE.name), MODE, AXES, file, memory, told)
        for block in blocks:
            sink.take(block)
        report = sink.end()
        told({"frames": report})
        documents[0].refer(report["captured"], last=True)
    finally:
        file.close()
        memory.close()
        memory.unlink()
    return documents[0].end()


def peer(blocks: Iterator[Frames], count: int, path: Path, tell: Subscriber) -> str:
    """Write as a classic ophyd detector would."""
    with h5py.File(path, "w", libver="latest") as file:
        data = file.create_dataset(
            "/entry/data/data", (0, SIZE, SIZE), "<u2", maxshape=(None, SIZE, SIZE), chunks=(1, SIZE, SIZE)
        )
        file.swmr_mode = True
        documents = Documents(tell, path, "application/x-hdf5", 1)
        for block in blocks:
            data.resize(len(data) + len(block), axis=0)
            data[-len(block) :] = block
            data.flush()
            documents.refer(len(data))
        documents.refer(len(data), last=True)
        return documents.end()


def live(
    dose: float, buffer: int, rounds: int, repeats: int, folder: Path, server: CatalogServer
) -> list[Any]:
    """Run both paths in turn; a round gives the buffer's frames once, each time another pixel turned over."""
    frames = draw(dose, buffer).frames
    count = buffer * rounds

    def blocks() -> Iterator[Frames]:
        for number in range(rounds):
            frames[:, 0, number] ^= 1  # no two frames of the stream are the same
            yield from (frames[i : i + BLOCK] for i in range(0, buffer, BLOCK))

    ways = (("stemline", ours, RunWriter), ("h5py + TiledWriter", peer, _tiled_writer))
    rows = {name: [] for name, _, _ in ways}
    for repeat in range(repeats):
        for name, take, writer in ways:
            runs = connect(server.uri, server.api_key)
            path = folder / f"{name.split()[0]}-{dose}-{repeat}.h5"
            tell = writer(runs)
            frames[:, 0, :] = 0
            begin = time.process_time(), time.perf_counter()
            uid = take(blocks(), count, path, tell)
            cpu, wall = time.process_time() - begin[0], time.perf_counter() - begin[1]
            _check(runs[uid]["primary/pattern"], frames, rounds)
            rows[name].append((cpu, wall, path.stat().st_size))
            path.unlink()
            disconnect(runs)
    table = []
    for name, _, _ in ways:
        cpu, wall, size = (np.median(column) for column in zip(*rows[name], strict=True))
        table.append(
            {
                "e/px": dose,
                "path": name,
                "frames": count,
                "frames/CPU-s": count / cpu,
                "frames/s on two cores (2 x CPU)": 2 * count / cpu,
                "frames/s (wall)": count / wall,
                "file / raw": size / (count * SIZE * SIZE * 2),
                "goal": GOALS[dose] if name == "stemline" else "",
            }
        )
    return table


def _tiled_writer(runs: Any) -> Any:
    return TiledWriter(runs, batch_size=1)


def _check(array: Any, frames: Frames, rounds: int) -> None:
    """Compare some frames of every round with what they were."""
    count = len(frames)
    if array.shape[0] != count * rounds:
        raise AssertionError(f"{array.shape[0]} frames in Tiled instead of {count * rounds}")
    for number in range(rounds):
        for which in (0, count // 2, count - 1):
            expected = frames[which].copy()
            expected[0] = np.arange(SIZE) <= number
            if not np.array_equal(array[number * count + which], expected):
                raise AssertionError(f"frame {number * count + which} came back otherwise")


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="within a minute")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    buffer, rounds, repeats = (256, 16, 1) if options.quick else (512, 32, 3)
    warm_up({MODE.dtype})
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = CatalogConfig(folder=folder / "catalog", readable=(folder / "frames",))
        (folder / "frames").mkdir()
        with CatalogServer(config) as server:
            for dose in DOSES:
                rows += live(dose, buffer, rounds, repeats, folder / "frames", server)
    print(table(rows))
    report("live", rows, PACKAGES, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
