"""Frames into a container and, through the catalog, out of it again; beside HDF5's own ways.

Frames that were read are compared with those that were written. Reading through the catalog is timed by the
clock, a server in its own process, requests of each kind in turn.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
from event_model import compose_run

from stemline.analysis.codecs import encode
from stemline.analysis.container import MIMETYPE, FrameWriter
from stemline.consumers.encoded_frames import read_encoded
from stemline.tiled_config.client.connection import connect, disconnect
from stemline.tiled_config.config import CatalogConfig
from stemline.tiled_config.forwarder.run_writer import RunWriter
from stemline.tiled_config.server.catalog_server import CatalogServer

from .patterns import DOSES, SIZE, draw
from .timing import report, table, timed

PACKAGES = ("h5py", "hdf5plugin", "blosc2", "tiled", "bluesky-tiled-plugins", "numba")
SHAPE = (SIZE, SIZE)
CHUNK = 64
BLOCK = 200


def writing(dose: float, count: int, seconds: float, folder: Path) -> list[dict[str, Any]]:
    """Write `count` different frames in each way; encoding included unless said."""
    frames = draw(dose, count).frames
    blocks = [frames[i : i + CHUNK] for i in range(0, count, CHUNK)]
    coded = [encode(block, capacity=CHUNK) for block in blocks]
    names = (folder / f"{number}.h5" for number in itertools.count())

    def container(parts: list[Any], method: str) -> None:
        path = next(names)
        with FrameWriter(path, shape=SHAPE, dtype="u2", chunk_frames=CHUNK) as file:
            for part in parts:
                getattr(file, method)(part)
                file.flush()
        path.unlink()

    def plain(**options: Any) -> None:
        path = next(names)
        with h5py.File(path, "w", libver="latest") as file:
            data = file.create_dataset(
                "data", (0, *SHAPE), "u2", maxshape=(None, *SHAPE), chunks=(16, *SHAPE), **options
            )
            for block in blocks:
                data.resize(len(data) + len(block), axis=0)
                data[-len(block) :] = block
                data.flush()
        path.unlink()

    ways: dict[str, Callable[[], None]] = {
        "container, frames": lambda: container(blocks, "append"),
        "container, chunks encoded before": lambda: container(coded, "append_chunk"),
        "h5py, no compression": lambda: plain(),
        "h5py, Blosc2 filter (bitshuffle, lz4)": lambda: plain(
            **hdf5plugin.Blosc2(cname="lz4", clevel=5, filters=hdf5plugin.Blosc2.BITSHUFFLE)
        ),
    }
    rows = []
    for name, way in ways.items():
        took = timed(way, seconds)
        rows.append(
            {
                "e/px": dose,
                "written": name,
                "frames/s of CPU": count / took.least,
                "frames/s, clock": count / took.wall,
            }
        )
    return rows


def reading(dose: float, count: int, rounds: int) -> list[dict[str, Any]]:
    """Read a scan of `count` frames through the catalog; the frames repeat after 64."""
    frames = draw(dose, CHUNK).frames
    chunk = encode(frames)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "frames").mkdir()
        path = folder / "frames" / "scan.h5"
        with FrameWriter(path, shape=SHAPE, dtype="u2", chunk_frames=CHUNK) as file:
            for _ in range(count // CHUNK):
                file.append_chunk(chunk)
        small = folder / "frames" / "small.h5"
        with h5py.File(small, "w", libver="latest") as file:
            file["data"] = np.arange(64.0).reshape(8, 8)
        config = CatalogConfig(folder=folder / "catalog", readable=(folder / "frames",))
        with CatalogServer(config) as server:
            runs = connect(server.uri, server.api_key)
            try:
                uid = register(runs, path, small, count // CHUNK * CHUNK)
                return _rounds(dose, runs[uid], frames, rounds)
            finally:
                disconnect(runs)


def _rounds(dose: float, run: Any, frames: Any, rounds: int) -> list[dict[str, Any]]:
    image, small = run["primary/pad_image"], run["baseline/small"]
    rng = np.random.default_rng(0)
    ways: dict[str, tuple[int, Callable[[int], Any]]] = {
        "8 elements of another file": (0, lambda start: small[0]),
        "one frame, anywhere": (1, lambda start: image[start]),
        f"{BLOCK} frames": (BLOCK, lambda start: image[start : start + BLOCK]),
        f"{BLOCK} frames, encoded over the wire": (
            BLOCK,
            lambda start: read_encoded(image, start, start + BLOCK),
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        start = int(rng.integers(image.shape[0] - BLOCK))
        for name, (count, way) in ways.items():
            begin = time.perf_counter()
            found = way(start)
            took = time.perf_counter() - begin
            if count and not np.array_equal(
                found.reshape(-1, *SHAPE), frames[np.arange(start, start + count) % CHUNK]
            ):
                raise RuntimeError(f"{name}: not the frames that were written")
            if turn:
                times[name].append(took)
    rows = []
    for name, (count, _) in ways.items():
        median = float(np.median(times[name]))
        rows.append(
            {
                "e/px": dose,
                "read through the catalog": name,
                "median [ms]": median * 1e3,
                "5 % [ms]": float(np.quantile(times[name], 0.05)) * 1e3,
                "MB/s of raw": count * 2 * SIZE**2 / median / 1e6 if count > 1 else None,
            }
        )
    return rows


def register(runs: Any, path: Path, small: Path, count: int) -> str:
    """Tell the catalog of a run with both files."""
    write = RunWriter(runs)
    for name, doc in _documents(path, small, count):
        write(name, doc)
    write.write_waiting()
    return str(runs[-1].metadata["start"]["uid"])


def _documents(path: Path, small: Path, count: int) -> Iterator[tuple[str, Any]]:
    run = compose_run(metadata={"plan_name": "fly_4dstem"})
    yield "start", run.start_doc
    for stream, key, shape, dtype, file, mimetype, parameters, frames in (
        ("primary", "pad_image", SHAPE, "<u2", path, MIMETYPE, {"chunk_shape": (CHUNK, *SHAPE)}, count),
        (
            "baseline",
            "small",
            (8,),
            "<f8",
            small,
            "application/x-hdf5",
            {"dataset": "data", "chunk_shape": (8,)},
            8,
        ),
    ):
        about = {
            "source": "bench",
            "dtype": "array",
            "dtype_numpy": dtype,
            "shape": list(shape),
            "external": "STREAM:",
        }
        descriptor = run.compose_descriptor(name=stream, data_keys={key: about}, object_keys={key: [key]})
        yield "descriptor", descriptor.descriptor_doc
        resource = run.compose_stream_resource(
            mimetype=mimetype, uri=f"file://localhost{file}", data_key=key, parameters=parameters
        )
        yield "stream_resource", resource.stream_resource_doc
        indices, events = {"start": 0, "stop": frames}, {"start": 1, "stop": frames + 1}
        yield "stream_datum", resource.compose_stream_datum(indices, events, descriptor.descriptor_doc)
    yield "stop", run.compose_stop()


def main() -> int:
    """Run all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="20,000 frames and 15 rounds, not 100,000 and 60"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    seconds, count, rounds = (0.2, 20_000, 15) if options.quick else (1.0, 100_000, 60)
    with tempfile.TemporaryDirectory() as folder:
        written = [row for dose in DOSES[:2] for row in writing(dose, 1024, seconds, Path(folder))]
    print(table(written) + "\n")
    read = [row for dose in DOSES[:2] for row in reading(dose, count, rounds)]
    print(table(read))
    report("container", [*written, *read], PACKAGES, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
