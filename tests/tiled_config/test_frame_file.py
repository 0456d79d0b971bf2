"""The consolidator tells the adapter which frames belong to no event."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from tiled.ndslice import NDBlock

from stemline.tiled_config.frame_file_adapter import FrameFileAdapter
from stemline.tiled_config.frame_file_consolidator import FrameFileConsolidator


@pytest.fixture
def frames(tmp_path: Path) -> np.ndarray:
    data = np.random.default_rng(0).poisson(9, (7, 4, 5)).astype("<u2")
    with h5py.File(tmp_path / "frames.h5", "w") as file:
        file.create_dataset("/entry/data/data", data=data, chunks=(1, 4, 5))
    return data


def consolidator(folder: Path, frames: list[int]) -> FrameFileConsolidator:
    resource = {
        "uid": "r",
        "data_key": "image",
        "mimetype": "application/x-hdf5",
        "uri": f"file://localhost{folder}/frames.h5",
        "parameters": {"dataset": "/entry/data/data", "chunk_shape": (1, 4, 5), "swmr": False},
    }
    keys = {"image": {"shape": [4, 5], "dtype": "array", "dtype_numpy": "<u2"}}
    made = FrameFileConsolidator(resource, {"data_keys": keys})
    for number, frame in enumerate(frames, start=1):
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


def test_nothing_is_added_when_nothing_is_left_out(frames: np.ndarray, tmp_path: Path) -> None:
    assert "skipped" not in consolidator(tmp_path, [0, 1, 2]).adapter_parameters()


def test_validation_sees_what_is_kept(frames: np.ndarray, tmp_path: Path) -> None:
    parameters = consolidator(tmp_path, [0, 2, 3, 4, 5, 6]).adapter_parameters()
    adapter = FrameFileAdapter.from_uris(f"file://localhost{tmp_path}/frames.h5", **parameters)
    assert adapter.structure().shape == (6, 4, 5)
