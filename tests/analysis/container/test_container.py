"""Frames come back by number, while the file grows and after; others can read what they can, never zeros."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401 - registers the filter that h5py needs
import numpy as np
import pytest

from stemline.analysis.codecs import CorruptChunk, encode, read_header
from stemline.analysis.container import Calibration, ContainerError, FrameReader, FrameWriter

MRAD = Calibration(-3.5, 0.5, "mrad")


@pytest.fixture
def frames() -> np.ndarray:
    """Sparse, dense, sparse."""
    mean = np.repeat([0.05, 2.0, 0.05], [8, 8, 5])[:, None, None]
    return np.random.default_rng(0).poisson(mean, (21, 16, 12)).astype("u2")


def write(path: Path, frames: np.ndarray, **options: object) -> None:
    with FrameWriter(path, shape=frames.shape[1:], dtype=frames.dtype, chunk_frames=4, **options) as file:
        for start in range(0, len(frames), 3):
            file.append(frames[start : start + 3])


def test_frames_by_number(frames: np.ndarray, tmp_path: Path) -> None:
    write(tmp_path / "a.h5", frames, calibration={"ky": MRAD}, metadata={"detector": "toy"})
    with FrameReader(tmp_path / "a.h5") as file:
        assert file.shape == frames.shape
        assert file.complete
        assert file.calibration == {"ky": MRAD}
        assert file.metadata == {"detector": "toy"}
        assert int(file.index["counts"].sum()) == frames.sum()
        for start, stop in ((0, 21), (3, 9), (20, 21), (5, 5), (4, 8)):
            assert np.array_equal(file.read(start, stop), frames[start:stop])
        with pytest.raises(IndexError, match="22 of 21"):
            file.read(0, 22)


def test_without_our_software(frames: np.ndarray, tmp_path: Path) -> None:
    """Dense chunks are plain HDF5; event chunks are an error, not zeros."""
    write(tmp_path / "a.h5", frames)
    with h5py.File(tmp_path / "a.h5") as file:
        data = file["/entry/data/data"]
        assert np.array_equal(data[8:16], frames[8:16])
        for start in (0, 4, 16):
            with pytest.raises(OSError, match="filter"):
                data[start]


def test_last_dense_chunk_is_padded(tmp_path: Path) -> None:
    frames = np.random.default_rng(1).poisson(9, (6, 5, 7)).astype("u1")
    write(tmp_path / "a.h5", frames)
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.array_equal(file["/entry/data/data"][:], frames)
    with FrameReader(tmp_path / "a.h5") as file:
        assert np.array_equal(file.read(0, 6), frames)


def test_read_while_written(frames: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with (
        FrameWriter(path, shape=(16, 12), dtype="u2", chunk_frames=4) as writer,
        FrameReader(path) as reader,
    ):
        for start, stop in pairwise((0, 3, 9, 21)):
            writer.append(frames[start:stop])
            writer.flush()
            reader.refresh()
            assert reader.shape[0] == writer.written == stop // 4 * 4
            assert np.array_equal(reader.read(0, writer.written), frames[: writer.written])
        assert not reader.complete


def test_chunks_encoded_elsewhere(frames: np.ndarray, tmp_path: Path) -> None:
    with FrameWriter(tmp_path / "a.h5", shape=(16, 12), dtype="u2", chunk_frames=4) as file:
        for start in range(0, 21, 4):
            file.append_chunk(encode(frames[start : start + 4], capacity=4))
        with pytest.raises(ContainerError, match="last chunk"):
            file.append_chunk(encode(frames[:4], capacity=4))
    with FrameReader(tmp_path / "a.h5") as file:
        assert np.array_equal(file.read(0, 21), frames)
        chunks = list(file.chunks(3, 9))
        assert [read_header(chunk).frames for chunk in chunks] == [4, 4, 4]
        assert chunks[2] == encode(frames[8:12], capacity=4)


def test_what_does_not_fit_is_refused(frames: np.ndarray, tmp_path: Path) -> None:
    with FrameWriter(tmp_path / "a.h5", shape=(16, 12), dtype="u2", chunk_frames=4) as file:
        with pytest.raises(ContainerError, match="do not fit"):
            file.append(frames.astype("u4"))
        with pytest.raises(ContainerError, match="capacity"):
            file.append_chunk(encode(frames[:3]))
        with pytest.raises(ContainerError, match="does not fit"):
            file.append_chunk(encode(frames[:, :5], capacity=21))
        with pytest.raises(CorruptChunk):
            file.append_chunk(encode(frames[:4])[:-1])
        assert file.written == 0
    with pytest.raises(OSError, match="exist"):
        FrameWriter(tmp_path / "a.h5", shape=(16, 12), dtype="u2")
    with h5py.File(tmp_path / "other.h5", "w"):
        pass
    with pytest.raises(ContainerError, match=r"other\.h5"):
        FrameReader(tmp_path / "other.h5")


def test_damaged_file(frames: np.ndarray, tmp_path: Path) -> None:
    write(tmp_path / "a.h5", frames)
    with h5py.File(tmp_path / "a.h5") as file:
        info = file["/entry/data/data"].id.get_chunk_info_by_coord((8, 0, 0))
    with (tmp_path / "a.h5").open("r+b") as file:
        file.seek(info.byte_offset + info.size // 2)
        file.write(b"\xff\xfe\xfd")
    with FrameReader(tmp_path / "a.h5") as file:
        assert np.array_equal(file.read(0, 8), frames[:8])
        with pytest.raises(CorruptChunk, match="CRC"):
            file.read(8, 9)


KILLED = """
import sys, numpy as np
from pathlib import Path
from stemline.analysis.container import FrameWriter
file = FrameWriter(Path(sys.argv[1]), shape=(8, 8), dtype="u2", chunk_frames=4)
file.append(np.arange(640, dtype="u2").reshape(10, 8, 8))
file.flush()
print(file.written, flush=True)
sys.stdin.read()
"""


@pytest.mark.system
def test_a_killed_writer_leaves_what_was_flushed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"8\n"
        os.kill(process.pid, signal.SIGKILL)
    with FrameReader(path) as file:
        assert file.shape == (8, 8, 8)
        assert not file.complete
        assert np.array_equal(file.read(0, 8).ravel(), np.arange(512))
