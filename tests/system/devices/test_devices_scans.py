"""Standard plans with the microscope's devices, over an IOC in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from urllib.parse import urlparse

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import h5py
import matplotlib
import numpy as np
import pytest
from bluesky.callbacks.best_effort import BestEffortCallback
from bluesky.utils import RunEngineInterrupted

pytestmark = pytest.mark.system


SETTINGS = {
    "haadf_scan_mode", "haadf_dwell_time", "haadf_pixel_size", "haadf_rotation", "eels_acquire_time"
}  # fmt: skip


@pytest.fixture
def one(start_ioc, bench):
    return bench(start_ioc(shape=(16, 12), dwell_time=1e-6))


def grid(one, seen):
    """A grid scan that also keeps what the waveforms show at each point."""
    m = one.microscope

    def per_step(detectors, step, pos_cache):
        yield from bps.one_nd_step(detectors, step, pos_cache)
        for detector, waveform in ((m.haadf, m.haadf.image), (m.eels, m.eels.spectrum)):
            seen[detector.name].append((yield from bps.rd(waveform)))

    return bp.grid_scan(
        [m.haadf, m.eels], m.scanner.y, -20, 20, 3, m.scanner.x, -30, 30, 4, per_step=per_step
    )


def dataset(resource):
    with h5py.File(urlparse(resource["uri"]).path, "r", swmr=True) as file:
        return file[resource["parameters"]["dataset"]][()]


@pytest.mark.parametrize(("mode", "shape"), [("Spot", [1, 1]), ("Frame", [16, 12])])
def test_grid_scan(one, mode, shape):
    m = one.microscope
    assert one.run(bps.mv(m.haadf.scan_mode, mode)) is None
    seen = {"haadf": [], "eels": []}
    assert one.run(grid(one, seen)) is None
    (descriptor,) = one.of("descriptor")
    keys = descriptor["data_keys"]
    assert set(keys) == {
        "haadf_mean", "haadf_mismatches", "haadf_image", "eels_total", "eels_mismatches", "eels_spectrum",
        "scanner_x", "scanner_y", *SETTINGS
    }  # fmt: skip
    assert keys["haadf_pixel_size"]["units"] == "nm"
    assert keys["haadf_image"]["shape"] == shape
    assert keys["haadf_image"]["dims"] == ["y", "x"]
    assert keys["scanner_x"]["units"] == "nm"
    assert keys["scanner_x"]["upper_ctrl_limit"] == m.scanner.x.limits[1] > 30
    assert descriptor["hints"]["scanner_x"]["fields"] == ["scanner_x"]
    assert descriptor["configuration"]["haadf"]["data"]["haadf_scan_mode"] == mode
    events = one.of("event")
    assert [(e["data"]["scanner_y"], e["data"]["scanner_x"]) for e in events] == [
        (y, x) for y in (-20, 0, 20) for x in (-30, -10, 10, 30)
    ]
    resources = {doc["data_key"]: doc for doc in one.of("stream_resource")}
    assert len(one.of("stream_datum")) == 2 * 12
    for name, key in (("haadf", "haadf_image"), ("eels", "eels_spectrum")):
        written = dataset(resources[key])
        np.testing.assert_array_equal(written, np.stack(seen[name]))
        assert written.dtype == np.dtype(keys[key]["dtype_numpy"])
        assert list(written.shape[1:]) == keys[key]["shape"]
    totals = [event["data"]["eels_total"] for event in events]
    np.testing.assert_allclose(totals, np.sum(seen["eels"], axis=1, dtype=float))
    means = [event["data"]["haadf_mean"] for event in events]
    np.testing.assert_allclose(means, np.mean(seen["haadf"], axis=(1, 2), dtype=float))


def test_other_plans_and_the_live_table(one, capsys):
    matplotlib.use("agg")
    best_effort = BestEffortCallback()
    best_effort.disable_plots()
    one.engine.subscribe(best_effort)
    m = one.microscope
    assert one.run(bps.mv(m.haadf.scan_mode, "Spot", m.scanner.x, 5.0)) is None
    assert one.run(bp.scan([m.haadf], m.scanner.x, -5, 5, 3)) is None
    assert one.run(bp.rel_scan([m.eels], m.scanner.x, -1, 1, 3)) is None
    assert [event["data"]["scanner_x"] for event in one.of("event")] == [4.0, 5.0, 6.0]
    assert m.scanner.x.get() == 5.0
    assert one.run(bp.count([m.haadf, m.eels, m.beam], 2)) is None
    assert one.of("event")[1]["data"]["beam_electrons"] > one.of("event")[0]["data"]["beam_electrons"]
    assert "eels_total" in capsys.readouterr().out


def test_frames_change_shape_between_runs(one):
    m = one.microscope
    for nx in (8, 24):
        assert one.run(bps.mv(m.scanner.num_x, nx)) is None
        assert one.run(bp.count([m.haadf])) is None
        assert one.of("descriptor")[0]["data_keys"]["haadf_image"]["shape"] == [16, nx]
        assert dataset(one.of("stream_resource")[0]).shape == (1, 16, nx)
        half = m.scanner.y.limits[1]
        assert half == pytest.approx(m.scanner.field_of_view.get() * 16 / nx / 2)
        assert "outside" in str(one.run(bps.mv(m.scanner.y, half + 1)))
        assert one.run(bps.mv(m.scanner.y, half)) is None


def test_a_budget_that_is_spent_is_the_reason_of_the_run(one):
    m = one.microscope
    assert one.run(bps.mv(m.beam.electron_budget, 1.0)) is None
    one.run(bp.count([m.eels]))
    (stop,) = one.of("stop")
    assert stop["exit_status"] == "fail"
    assert f"{m.prefix}EELS:cam1:Acquire" in stop["reason"]
    assert "budget" in stop["reason"]
    assert m.eels.hdf1.capture.get() == 0


def pause_in_an_exposure(one, plan):
    """Run a plan, and pause the engine when its first long exposure has the beam."""
    eels = one.microscope.eels

    def request():
        while eels.state.get() != "Acquire":
            time.sleep(0.01)
        one.engine.request_pause(defer=False)

    thread = threading.Thread(target=request)
    thread.start()
    with pytest.raises(RunEngineInterrupted):
        one.engine(plan)
    thread.join()


def blanked(one, patience):
    deadline = time.monotonic() + patience
    while one.microscope.beam.blanked.get() != "Blanked":
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_pause_leaves_the_beam_blanked_and_the_point_is_taken_again(one):
    m = one.microscope
    assert one.run(bps.mv(m.eels.acquire_time, 2.0)) is None
    begin = time.monotonic()
    pause_in_an_exposure(one, bp.count([m.eels], 3))
    assert blanked(one, 1.0)
    assert time.monotonic() - begin < 1.9  # cut short, not waited for
    one.engine.resume()
    assert len(one.of("event")) == 3
    datums = one.of("stream_datum")
    assert [doc["seq_nums"]["start"] for doc in datums] == [1, 2, 3]
    frames = dataset(one.of("stream_resource")[0])
    assert [frames[doc["indices"]["start"]].sum() for doc in datums] == [
        event["data"]["eels_total"] for event in one.of("event")
    ]


def test_an_abort_ends_the_exposure(one):
    m = one.microscope
    assert one.run(bps.mv(m.eels.acquire_time, 10.0)) is None
    pause_in_an_exposure(one, bp.count([m.eels], 3))
    begin = time.monotonic()
    one.engine.abort("enough")
    assert time.monotonic() - begin < 3
    assert m.beam.blanked.get() == "Blanked"
    assert m.eels.state.get() == "Aborted"
    assert m.eels.hdf1.capture.get() == 0
    assert one.of("stop")[0]["exit_status"] == "abort"
    assert one.run(bps.mv(m.eels.acquire_time, 0.01)) is None
    assert one.run(bp.count([m.eels])) is None


PYEPICS = """
import sys
from stemline.devices.channel_access import use_channel_access
use_channel_access([sys.argv[1]], layer="pyepics")
from pathlib import Path
import bluesky.plan_stubs as bps, bluesky.plans as bp, ophyd
from bluesky import RunEngine
from stemline.devices.frame_file import DataRoots
from stemline.devices.microscope import connect
root = Path(sys.argv[3])
m = connect(sys.argv[2], DataRoots(root, root))
engine, docs = RunEngine({}), []
engine.subscribe(lambda name, doc: docs.append((name, doc)))
engine(bps.mv(m.haadf.scan_mode, "Spot"))
engine(bp.grid_scan([m.haadf, m.eels], m.scanner.y, -20, 20, 3, m.scanner.x, -20, 20, 2))
positions = [(d["data"]["scanner_y"], d["data"]["scanner_x"]) for n, d in docs if n == "event"]
print(ophyd.cl.name, positions, m.eels.spectrum.get().shape, m.haadf.image.get().shape)
engine(bps.mv(m.beam.electron_budget, 1.0))
try:
    engine(bp.count([m.eels]))
except Exception as error:
    print("refused", error)
"""


def test_pyepics(start_ioc):
    pytest.importorskip("epics")
    ioc = start_ioc(shape=(16, 16))
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("EPICS", "OPHYD"))}
    result = subprocess.run(
        [sys.executable, "-c", PYEPICS, f"127.0.0.1:{ioc.port}", ioc.prefix, str(ioc.write_root)],
        env=variables, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    lines = result.stdout.splitlines()
    positions = [(float(y), float(x)) for y in (-20, 0, 20) for x in (-20, 20)]
    assert lines[0] == f"pyepics {positions} (1024,) (1, 1)", result.stderr
    assert lines[1].startswith("refused")
    assert "budget" in lines[1]
