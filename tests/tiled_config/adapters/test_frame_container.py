"""The server reads what it needs of a container, as frames or as chunks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tiled.ndslice import NDBlock, NDSlice

from stemline.analysis.codecs import decode
from stemline.analysis.container import MIMETYPE, FrameReader, FrameWriter
from stemline.tiled_config.adapters.frame_container_adapter import FrameContainerAdapter
from stemline.tiled_config.adapters.frame_container_consolidator import FrameContainerConsolidator
from stemline.tiled_config.adapters.open_containers import OpenContainers
from stemline.tiled_config.error import CatalogError

COUNT = 21


@pytest.fixture
def frames(tmp_path: Path) -> np.ndarray:
    data = np.random.default_rng(0).poisson(0.3, (COUNT, 6, 5)).astype("<u2")
    data[8:] += 2
    with FrameWriter(tmp_path / "frames.h5", shape=(6, 5), dtype="u2", chunk_frames=4) as file:
        file.append(data)
    return data


def adapter(folder: Path, datums: list[tuple[int, int]]) -> FrameContainerAdapter:
    """Adapter of frames that StreamDatums refer to, one event a frame."""
    resource: dict[str, Any] = {
        "uid": "r",
        "data_key": "image",
        "mimetype": MIMETYPE,
        "uri": f"file://localhost{folder}/frames.h5",
        "parameters": {"chunk_shape": (4, 6, 5)},
    }
    keys = {"image": {"shape": [6, 5], "dtype": "array", "dtype_numpy": "<u2"}}
    made = FrameContainerConsolidator(resource, {"data_keys": keys})
    event = 1
    for start, stop in datums:
        numbers = {"start": event, "stop": event + stop - start}
        made.consume_stream_datum({"indices": {"start": start, "stop": stop}, "seq_nums": numbers})
        event = numbers["stop"]
    source = made.get_data_source()
    node = SimpleNamespace(metadata_={}, specs=[])
    return FrameContainerAdapter.from_catalog(source, node, **source.parameters)


@pytest.mark.parametrize(
    "key",
    [
        (...,),
        (3,),
        (-1,),
        (np.s_[2:9],),
        (np.s_[::5], np.s_[1:3]),
        (np.s_[9:2:-3], ..., 2),
        (4, 2, np.s_[::2]),
        (np.s_[5:5],),
        (),
    ],
)
def test_slices_are_numpys(key: tuple[Any, ...], frames: np.ndarray, tmp_path: Path) -> None:
    read = adapter(tmp_path, [(0, 10), (10, COUNT)]).read(NDSlice(*key))
    assert read.dtype == frames.dtype
    assert np.array_equal(read, frames[key])


def test_blocks(frames: np.ndarray, tmp_path: Path) -> None:
    made = adapter(tmp_path, [(0, COUNT)])
    assert made.structure().chunks == ((4, 4, 4, 4, 4, 1), (6,), (5,))
    assert np.array_equal(made.read_block(NDBlock(2, 0, 0)), frames[8:12])
    assert np.array_equal(made.read_block(NDBlock(5, 0, 0), NDSlice(0, 1)), frames[20, 1])


def test_frames_without_an_event_are_left_out(frames: np.ndarray, tmp_path: Path) -> None:
    made = adapter(tmp_path, [(0, 5), (6, 9), (12, COUNT)])
    kept = np.r_[0:5, 6:9, 12:COUNT]
    assert np.array_equal(made.read(), frames[kept])
    assert np.array_equal(made.read(NDSlice(7)), frames[8])
    first, chunks = made.chunks(1, 5)
    assert (first, len(chunks)) == (0, 2)
    with pytest.raises(CatalogError, match="belongs to an event"):
        made.chunks(4, 7)


def test_chunks_are_those_of_the_file(frames: np.ndarray, tmp_path: Path) -> None:
    first, chunks = adapter(tmp_path, [(0, COUNT)]).chunks(6, 13)
    assert first == 4
    assert np.array_equal(np.concatenate([decode(chunk) for chunk in chunks]), frames[4:16])
    with pytest.raises(IndexError, match="22"):
        adapter(tmp_path, [(0, COUNT)]).chunks(0, 22)


def test_structure_of_a_file_alone(frames: np.ndarray, tmp_path: Path) -> None:
    found = FrameContainerAdapter.from_uris(f"file://localhost{tmp_path}/frames.h5").structure()
    assert (found.shape, found.chunks) == ((COUNT, 6, 5), ((4, 4, 4, 4, 4, 1), (6,), (5,)))


def test_only_needed_chunks_are_decoded(
    frames: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    chunk = FrameReader.chunk
    monkeypatch.setattr(FrameReader, "chunk", lambda self, number: read.append(number) or chunk(self, number))
    made = adapter(tmp_path, [(0, COUNT)])
    made.read(NDSlice(9))
    made.read(NDSlice(10))
    made.read(NDSlice(np.s_[3:5]))
    assert read == [2, 0, 1]


def test_a_growing_file_and_a_replaced_one(tmp_path: Path) -> None:
    containers = OpenContainers(kept=1)
    path = tmp_path / "frames.h5"
    with FrameWriter(path, shape=(6, 5), dtype="u2", chunk_frames=4) as file:
        for count in (4, 8):
            file.append(np.full((4, 6, 5), count, "u2"))
            file.flush()
            with containers.reader(path, count) as reader:
                assert (reader.read(count - 4, count) == count).all()
    path.unlink()
    with FrameWriter(path, shape=(2, 2), dtype="u1") as file:
        file.append(np.ones((1, 2, 2), "u1"))
    with containers.reader(path, 1) as reader:
        assert reader.shape == (1, 2, 2)
