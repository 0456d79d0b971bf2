import subprocess
import sys

import numpy as np
import pytest

from stemline.analysis.container import FrameReader
from stemline.devices.instruments.protocol import Axis, FrameMode, FrameRequest
from stemline.devices.ioc.encoded_file import EncodedFile, chunk_frames

MODE = FrameMode("Counting12", "<u2", (1e-4, 1.0), 4095.0)
AXES = (Axis("ky", 8, -4e-3, 1e-3, "rad"), Axis("kx", 8, -4e-3, 1e-3, "rad"))


def stream(file, count, blocks, rng, rate=0.3):
    """Write a stream of `count` frames in `blocks`."""
    file.begin(FrameRequest(count, 1e-3, MODE.name), MODE, AXES)
    frames = rng.poisson(rate, (count, 8, 8)).astype("<u2")
    for block in np.array_split(frames, blocks):
        file.append_frames(block)
    file.end()
    return frames


def read(path):
    with FrameReader(path) as file:
        return file.read(0, file.shape[0])


@pytest.mark.parametrize("count", [1, 7, 64, 97, 120, 200])
@pytest.mark.parametrize("rate", [0.1, 3.0])
def test_frames_come_back(tmp_path, count, rate):
    file = EncodedFile(tmp_path / "a" / "p.h5")
    frames = stream(file, count, 5, np.random.default_rng(count), rate)
    assert file.count == count
    np.testing.assert_array_equal(read(file.path), frames)  # before it is closed
    file.close()
    file.close()
    np.testing.assert_array_equal(read(file.path), frames)


@pytest.mark.parametrize("count", [1, 10, 96])
def test_streams_that_fill_their_chunks_follow_one_another(tmp_path, count):
    file, rng = EncodedFile(tmp_path / "p.h5"), np.random.default_rng(0)
    frames = [stream(file, count, 2, rng) for _ in range(3)]
    np.testing.assert_array_equal(read(file.path), np.concatenate(frames))
    file.close()


def test_after_a_shorter_chunk_nothing_is_taken(tmp_path):
    file, rng = EncodedFile(tmp_path / "p.h5"), np.random.default_rng(0)
    frames = stream(file, 97, 2, rng)
    with pytest.raises(ValueError, match="last chunk"):
        stream(file, 97, 2, rng)
    np.testing.assert_array_equal(read(file.path), frames)
    file.close()


def test_chunk_sizes():
    assert [chunk_frames(count, 1e-4) for count in (1, 7, 64, 97, 120, 4096, 61 * 67, 127**2)] == [
        1, 7, 64, 16, 60, 64, 61, 16
    ]  # fmt: skip
    assert [chunk_frames(120, dwell) for dwell in (1e-3, 2e-3, 1e-2, 0.1)] == [40, 24, 5, 1]


def test_an_existing_file_is_refused_at_once(tmp_path):
    (tmp_path / "p.h5").write_text("")
    with pytest.raises(FileExistsError):
        EncodedFile(tmp_path / "p.h5")


def test_frames_of_another_mode_are_refused(tmp_path):
    file = EncodedFile(tmp_path / "p.h5")
    stream(file, 2, 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match="before changing the mode"):
        file.append_frames(np.zeros((2, 8, 8), "<u4"))
    file.close()


def test_nothing_written_leaves_no_file(tmp_path):
    EncodedFile(tmp_path / "p.h5").close()
    assert not (tmp_path / "p.h5").exists()


FULL = """
import resource, signal, sys, os, time
from pathlib import Path
import numpy as np
from stemline.devices.instruments.protocol import Axis, FrameMode, FrameRequest
from stemline.devices.ioc.encoded_file import EncodedFile, warm_up

warm_up(["<u2"])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
mode = FrameMode("Counting12", "<u2", (1e-4, 1.0), 4095.0)
axes = (Axis("ky", 64, -4e-3, 1e-3, "rad"), Axis("kx", 64, -4e-3, 1e-3, "rad"))
file = EncodedFile(Path(sys.argv[1]))
file.begin(FrameRequest(640, 1e-4, mode.name), mode, axes)
frames = np.random.default_rng(0).poisson(3.0, (64, 64, 64)).astype("<u2")
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
try:
    for _ in range(10):
        file.append_frames(frames)
        time.sleep(0.03)  # longer than between two flushes: what is not flushed does not count
    file.end()
except OSError as error:
    print(file.count, file.broken, str(error).splitlines()[0])
    try:
        file.append_frames(frames)
    except OSError as again:
        print("again", "earlier" in str(again))
    file.close()
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.slow  # loads numba in a process of its own
def test_a_disk_that_is_full_leaves_what_was_counted(tmp_path):
    path = tmp_path / "p.h5"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=100
    )
    first, again = done.stdout.splitlines()
    count, broken, said = first.split(maxsplit=2)
    assert broken == "True"
    assert str(path) in said
    assert again == "again True"
    frames = np.random.default_rng(0).poisson(3.0, (64, 64, 64)).astype("<u2")
    found = read(path)
    assert 0 < int(count) <= len(found) < 640
    np.testing.assert_array_equal(found[:64], frames)
