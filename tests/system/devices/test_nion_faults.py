"""A lost Nion server fails a run by name, and the next run needs no new session; a lost client blanks."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import pytest

from stemline.devices.instruments.nion.connection import Connection
from stemline.devices.instruments.nion.wire import unpack

pytestmark = [pytest.mark.system, pytest.mark.slow]

PATIENCE = 10.0  # [s]
BLANKED = 2.5  # [s] the lease of 2 s, and the time it takes to look


def scan(one):
    m = one.microscope
    return bp.grid_scan([m.haadf, m.eels], m.scanner.y, -20, 20, 5, m.scanner.x, -20, 20, 5)


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_a_run_fails_and_the_next_one_works(
    start_nion: Callable, start_ioc: Callable, bench: Callable, tmp_path: Path, fault: str
) -> None:
    server = start_nion("twin", tmp_path)
    one = bench(start_ioc(driver="nion", address=server.address, token_file=str(server.token_file)))
    assert one.run(bps.mv(one.microscope.haadf.scan_mode, "Spot")) is None
    when: list[float] = []

    def break_it(name: str, doc: dict) -> None:
        if name == "event" and doc["seq_num"] == 4 and not when:
            getattr(server, fault)()
            when.append(time.monotonic())

    one.engine.subscribe(break_it)
    assert one.run(scan(one)) is not None
    elapsed = time.monotonic() - when[0]
    assert elapsed < PATIENCE
    (stop,) = one.of("stop")
    assert stop["exit_status"] == "fail"
    assert f"Nion server at {server.address}" in stop["reason"]
    server.kill()
    start_nion("twin", tmp_path, server.port)
    assert one.run(scan(one)) is None
    assert one.of("stop")[0]["exit_status"] == "success"
    assert len(one.of("event")) == 25


@pytest.mark.parametrize(
    ("who", "fault"), [("ioc", signal.SIGKILL), ("driver", signal.SIGKILL), ("driver", signal.SIGSTOP)]
)
def test_the_beam_goes_off_at_the_instrument(
    nion_server: Any, start_ioc: Callable, bench: Callable, who: str, fault: int
) -> None:
    """Proved there, by the counts of a second client, not by a process variable."""
    server = nion_server
    ioc = start_ioc(driver="nion", address=server.address, token_file=str(server.token_file))
    one = bench(ioc)
    (driver,) = driver_of(ioc.process.pid)
    assert one.run(bps.mv(one.microscope.eels.acquire_time, 5.0)) is None
    took: list[float] = []

    def lose_and_look() -> None:
        instrument = Connection(server.address, server.token_file.read_text().strip())
        while instrument.call("blanked"):
            time.sleep(0.02)
        time.sleep(0.5)
        assert not instrument.call("blanked")
        os.kill(driver if who == "driver" else ioc.process.pid, fault)
        lost = time.monotonic()
        while not instrument.call("blanked") and time.monotonic() - lost < 10:
            time.sleep(0.02)
        took.append(time.monotonic() - lost)

    looking = threading.Thread(target=lose_and_look, daemon=True)
    looking.start()
    assert one.run(bp.count([one.microscope.eels])) is not None
    looking.join(15)
    assert took[0] < BLANKED
    instrument = Connection(server.address, server.token_file.read_text().strip())
    instrument.call("abort", "spectrum")
    frame = {"ny": 4, "nx": 4, "field_of_view": 1e-8, "rotation": 0.0}
    time.sleep(0.5)
    found = instrument.acquire("spectrum", {"frame": frame, "probe": [0.0, 0.0], "exposure": 0.1})
    assert unpack(found["data"]).sum() == 0
    if fault == signal.SIGSTOP:
        os.kill(driver, signal.SIGCONT)


def driver_of(pid: int) -> list[int]:
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():  # not multiprocessing's own tracker
            found.append(int(child))
    return found
