"""The consolidator tells the adapter which frames belong to no event."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from tiled.ndslice import NDBlock

from stemline.tiled_config.adapters.frame_file_adapter import FrameFileAdapter
from stemline.tiled_config.adapters.frame_file_consolidator import FrameFileConsolidator


@pytest.fixture
def frames(tmp_path: Path) -> np.ndarray:
    data = np.random.default_rng(0).poisson(9, (7, 4, 5)).astype("<u2")
    with h5py.File(tmp_path / "frames.h5", "w") as file:
        file.create_dataset("/entry/data/data", data=data, chunks=(1, 4, 5))
    return data


def consolidator(folder: Path, frames: list[int], events: list[int] | None = None) -> FrameFileConsolidator:
    resource = {
        "uid": "r",
        "data_key": "image",
        "mimetype": "application/x-hdf5",
        "uri": f"file://localhost{folder}/frames.h5",
        "parameters": {"dataset": "/entry/data/data", "chunk_shape": (1, 4, 5), "swmr": False},
    }
    keys = {"image": {"shape": [4, 5], "dtype": "array", "dtype_numpy": "<u2"}}
    made = FrameFileConsolidator(resource, {"data_keys": keys})
    for number, frame in zip(events or range(1, len(frames) + 1), frames, strict=True):
        made.consume_stream_datum(
            {
                "indices": {"start": frame, "stop": frame + 1},
                "seq_nums": {"start": number, "stop": number + 1},
            }
        )
    return made


@pytest.mark.parametrize("kept", [[0, 1, 2, 3], [0, 2, 3, 6], [1], [0, 5]])
def test_frame_k_belongs_to_event_k(kept: list[int], frames: np.ndarray, tmp_path: Path) -> None:
    made = consolidator(tmp_path, kept)
    node = SimpleNamespace(metadata_={}, specs=[])
    source = made.get_data_source()
    adapter = FrameFileAdapter.from_catalog(source, node, **source.parameters)
    assert np.array_equal(adapter.read(), frames[kept])
    for block, frame in enumerate(kept):
        assert np.array_equal(adapter.read_block(NDBlock(block, 0, 0)), frames[[frame]])


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ([1, 2, 3, 3, 4], [0, 1, 3, 4]),
        ([1, 2, 3, 2, 3, 4, 5], [0, 3, 4, 5, 6]),
        ([1, 1, 1], [2]),
    ],
)
def test_the_last_frame_of_an_event_counts(
    events: list[int], kept: list[int], frames: np.ndarray, tmp_path: Path
) -> None:
    """As when the RunEngine rewinds and measures points again."""
    made = consolidator(tmp_path, list(range(len(events))), events)
    source = made.get_data_source()
    assert source.structure.shape == (len(kept), 4, 5)
    node = SimpleNamespace(metadata_={}, specs=[])
    adapter = FrameFileAdapter.from_catalog(source, node, **source.parameters)
    assert np.array_equal(adapter.read(), frames[kept])


def test_what_changes_is_told_to_who_listens(tmp_path: Path) -> None:
    made = consolidator(tmp_path, [0, 1])
    again = {"indices": {"start": 2, "stop": 3}, "seq_nums": {"start": 2, "stop": 3}}
    patch = made.consume_stream_datum(again)
    assert (patch.offset, patch.shape) == ((1, 0, 0), (1, 4, 5))


def test_nothing_is_added_when_nothing_is_left_out(frames: np.ndarray, tmp_path: Path) -> None:
    assert "skipped" not in consolidator(tmp_path, [0, 1, 2]).adapter_parameters()


def test_validation_sees_what_is_kept(frames: np.ndarray, tmp_path: Path) -> None:
    parameters = consolidator(tmp_path, [0, 2, 3, 4, 5, 6]).adapter_parameters()
    adapter = FrameFileAdapter.from_uris(f"file://localhost{tmp_path}/frames.h5", **parameters)
    assert adapter.structure().shape == (6, 4, 5)
