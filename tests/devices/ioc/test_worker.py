import threading
from multiprocessing.shared_memory import SharedMemory

import h5py
import numpy as np
import pytest

from stemline.devices.instruments.protocol import InstrumentError
from stemline.devices.ioc.worker import Worker

SCAN = {"ny": 4, "nx": 8, "field_of_view": 1e-7, "rotation": 0.0, "dwell_time": 1e-5}


@pytest.fixture
def block():
    shared = SharedMemory(create=True, size=4 * 4 * 8)
    yield shared
    shared.close()
    shared.unlink()


@pytest.fixture
def worker(fake, block):
    made = Worker(fake.instrument())
    made.attach(block.name)
    yield made
    made.close()


def take(
    worker: Worker, ticket: int = 1, settle: float = 0.0, mode: str = "spectrum", detector: str = "EELS"
):
    worker.begin(ticket)
    return worker.expose(detector, mode, 1e-3, SCAN if mode == "frame" else {}, settle)


def shared_frame(block: SharedMemory, answer):
    return np.ndarray(answer["shape"], answer["dtype"], block.buf).copy()


def test_the_beam_is_on_for_the_exposure_only(fake, worker):
    fake.log.clear()
    answer = take(worker, settle=0.01)
    assert fake.log[:3] == ["unblank", "expose", "blank"]
    assert answer["on_time"] >= 0.01
    assert answer["current"] == 1e-10


@pytest.mark.parametrize(
    ("mode", "detector", "expected"),
    [
        ("spectrum", "EELS", np.arange(16)),
        ("frame", "HAADF", np.arange(32).reshape(4, 8)),
        ("spot", "HAADF", np.full((1, 1), 7)),
    ],
)
def test_frames_cross_in_shared_memory(worker, block, mode, detector, expected):
    answer = take(worker, mode=mode, detector=detector)
    frame = shared_frame(block, answer)
    assert frame.dtype == np.dtype("<u4")
    np.testing.assert_array_equal(frame, expected)
    assert answer["total"] == expected.sum()


def test_a_frame_too_large_for_the_block_is_an_error(fake, worker):
    fake.dtype = "<f8"
    answer = take(worker, mode="frame", detector="HAADF")
    assert "larger than the driver declared" in answer["error"]
    assert fake.blanked


@pytest.mark.parametrize("failure", [InstrumentError("the camera is warm"), RuntimeError("a bug")])
def test_a_failing_driver_leaves_the_beam_blanked_and_counted(fake, worker, failure):
    fake.fail = failure
    answer = take(worker, settle=0.01)
    assert fake.blanked
    assert str(failure) in answer["error"]
    assert answer["kind"] == "failed"
    assert answer["on_time"] >= 0.01
    assert bool(answer["traceback"]) is isinstance(failure, RuntimeError)


def test_an_order_from_another_thread_ends_the_exposure(fake, worker):
    fake.hold = True
    answers = []
    exposing = threading.Thread(target=lambda: answers.append(take(worker, ticket=3)))
    exposing.start()
    assert fake.exposing.wait(5)
    assert not fake.blanked
    worker.call_off(3)
    assert fake.blanked  # before the driver has come back
    exposing.join(5)
    assert answers[0]["kind"] == "aborted"


def test_an_order_that_comes_first_is_not_lost(fake, worker):
    worker.call_off(3)
    fake.log.clear()
    assert take(worker, ticket=3)["kind"] == "aborted"
    assert "expose" not in fake.log
    assert "unblank" not in fake.log
    assert "error" not in take(worker, ticket=4)


def test_an_order_that_comes_late_ends_nothing(fake, worker):
    worker.begin(4)
    fake.log.clear()
    worker.call_off(3)
    assert fake.log == []


def test_current_is_none_where_nobody_knows_it(fake, block):
    fake.current = None
    worker = Worker(fake.instrument())
    worker.attach(block.name)
    assert take(worker).get("current") is None
    worker.close()


def test_frames_go_to_the_open_file(worker, tmp_path):
    path = tmp_path / "s.h5"
    worker.open("EELS", str(path))
    assert [take(worker, n)["captured"] for n in (1, 2)] == [1, 2]
    assert "captured" not in take(worker, 3, mode="spot", detector="HAADF")
    worker.shut("EELS")
    assert "captured" not in take(worker, 4)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["/entry/data/data"], [np.arange(16)] * 2)


def test_a_frame_that_does_not_fit_is_a_write_error_with_the_file(fake, worker, tmp_path):
    worker.open("EELS", str(tmp_path / "s.h5"))
    take(worker, 1)
    fake.dtype = "<u2"
    answer = take(worker, 2)
    assert answer["captured"] == 1
    assert "s.h5" in answer["write_error"]
    assert answer["total"] == 120  # the frame itself is there


def test_an_existing_or_unwritable_file_is_a_line(worker, tmp_path):
    (tmp_path / "there.h5").touch()
    with pytest.raises(InstrumentError, match=r"there.h5 exists: choose another"):
        worker.open("EELS", str(tmp_path / "there.h5"))
    (tmp_path / "file").touch()
    with pytest.raises(InstrumentError, match="can't be written"):
        worker.open("EELS", str(tmp_path / "file" / "a.h5"))


def test_a_beam_that_cannot_be_blanked_is_an_error(fake, worker, monkeypatch):
    def stuck() -> None:
        raise InstrumentError("the blanker does not answer")

    monkeypatch.setattr(fake, "blank", stuck)
    worker.begin(1)
    with pytest.raises(InstrumentError, match="does not answer"):
        worker.expose("EELS", "spectrum", 1e-3, {}, 0.0)
    monkeypatch.undo()
    assert take(worker, 2)["blanked"] is True
