"""Against LiberTEM-live's simulator, which replays a file at the speed of the network, whatever is set."""

from __future__ import annotations

import os
import socket
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stemline.devices.instruments.protocol import Aborted, FrameRequest, InstrumentError

from .conftest import COUNT, SIDE, Simulator, pattern

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.timeout(240)]
SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).parents[5] / "shared" / "data"))


def source(simulator: Simulator, **changes: Any) -> Any:
    return simulator.config(**changes).create().frame_source


def request(count: int = COUNT, **changes: Any) -> FrameRequest:
    return FrameRequest(**{"count": count, "dwell_time": 1e-3, "mode": "Counting12", **changes})


def test_every_frame_comes_once_and_in_order_at_full_rate(merlin: tuple[Simulator, Any]) -> None:
    _, detector = merlin
    for _ in range(4):
        began, blocks = time.perf_counter(), []
        for block in detector.frames(request()):
            assert block.dtype == np.dtype("<u2")
            blocks.append(block)
        took = time.perf_counter() - began
        frames = np.concatenate(blocks)
        assert frames.shape == (COUNT, SIDE, SIDE)
        np.testing.assert_array_equal(frames[:, 0, 0], np.arange(COUNT))
        for number in (0, 1, COUNT // 2, COUNT - 1):
            np.testing.assert_array_equal(frames[number], pattern(number))
        print(f"{COUNT / took:.0f} frames/s, {frames.nbytes / took / 1e6:.0f} MB/s in {len(blocks)} blocks")


def test_what_was_asked_for_was_set(merlin: tuple[Simulator, Any]) -> None:
    _, detector = merlin
    list(detector.frames(request(dwell_time=0.0025)))
    control = detector._control
    found = {name: control.get(name) for name in ("NUMFRAMESTOACQUIRE", "ACQUISITIONTIME", "TRIGGERSTART")}
    assert found == {"NUMFRAMESTOACQUIRE": str(COUNT), "ACQUISITIONTIME": "2.5", "TRIGGERSTART": "5"}
    assert control.get("COUNTERDEPTH") == "12"


def test_a_scan_triggers_it(merlin: tuple[Simulator, Any]) -> None:
    """It is armed on return; the frames come when its trigger input is served, here by a socket."""
    simulator, detector = merlin
    blocks = detector.frames(request(trigger="scan"))
    taken: list[np.ndarray] = []
    reading = threading.Thread(target=lambda: taken.extend(blocks))
    reading.start()
    time.sleep(0.5)
    assert not taken
    with socket.create_connection(("127.0.0.1", simulator.ports[2]), 2) as trigger:
        trigger.sendall(b"TRIGGER\n")
        reading.join(20)
    assert sum(len(block) for block in taken) == COUNT


def test_abort_while_armed_and_the_next_one_works(merlin: tuple[Simulator, Any]) -> None:
    _, detector = merlin
    blocks = detector.frames(request(trigger="scan"))
    raised: list[Exception] = []

    def read() -> None:
        try:
            list(blocks)
        except InstrumentError as error:
            raised.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    time.sleep(0.2)
    began = time.monotonic()
    detector.abort()
    reading.join(5)
    assert time.monotonic() - began < 0.5
    assert [type(error) for error in raised] == [Aborted]
    time.sleep(0.5)
    assert sum(len(block) for block in detector.frames(request())) == COUNT


def test_abort_in_the_middle(start_merlin: Callable[..., Simulator]) -> None:
    detector = source(start_merlin("--dwelltime", "5000"))
    blocks = detector.frames(request())
    taken = 0
    while taken < 10:
        taken += len(next(blocks))
    detector.abort()
    with pytest.raises(Aborted):
        list(blocks)
    assert taken < COUNT


@pytest.mark.parametrize(("fault", "words"), [("kill", "frames"), ("freeze", "sent nothing for")])
def test_its_death_is_told(start_merlin: Callable[..., Simulator], fault: str, words: str) -> None:
    simulator = start_merlin("--dwelltime", "5000")
    detector = source(simulator)
    blocks = detector.frames(request())
    next(blocks)
    getattr(simulator, fault)()
    began = time.monotonic()
    with pytest.raises(InstrumentError, match=words) as error:
        list(blocks)
    assert time.monotonic() - began < 8
    assert "\n" not in str(error.value)
    simulator.close()
    again = start_merlin("--cached", "MEM", ports=simulator.ports)
    assert sum(len(block) for block in detector.frames(request())) == COUNT
    again.close()


def test_garbage_is_not_taken_for_frames(start_merlin: Callable[..., Simulator]) -> None:
    simulator = start_merlin("--garbage")
    with pytest.raises(InstrumentError, match="GARBAGE") as error:
        source(simulator).frames(request())
    assert "\n" not in str(error.value)
    simulator.close()


def test_frames_of_another_shape(start_merlin: Callable[..., Simulator]) -> None:
    simulator = start_merlin("--cached", "MEM")
    with pytest.raises(InstrumentError, match=r"correct `shape`"):
        list(source(simulator, shape=(64, 64)).frames(request()))
    simulator.close()


def test_measured_frames(start_merlin: Callable[..., Simulator], tmp_path: Path) -> None:
    """A recording of a real Merlin, replayed and compared with the file (6 bit, rosettasciio's test data)."""
    archive = SHARED / "Merlin_navigation4x2_ROI.zip"
    if not archive.is_file():
        pytest.skip(f"measured data {archive} is not here: set STEMLINE_SHARED")
    zipfile.ZipFile(archive).extractall(tmp_path)
    simulator = Simulator(tmp_path / "001_4x2_6bit.hdr")
    try:
        detector = source(simulator, shape=(256, 256), counter_depth=6)
        frames = np.concatenate(list(detector.frames(request(8, mode="Counting6"))))
    finally:
        simulator.close()
    raw = np.fromfile(tmp_path / "001_4x2_6bit.mib", np.uint8).reshape(8, 384 + 256 * 256)
    np.testing.assert_array_equal(frames, raw[:, 384:].reshape(8, 256, 256))
