"""Patterns by step scans and by fly scans, over an IOC in a process of its own."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from urllib.parse import urlparse

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import h5py
import numpy as np
import pytest
from bluesky.utils import RunEngineInterrupted

from stemline.analysis.container import MIMETYPE, FrameReader
from stemline.plans.fly_4dstem import fly_4dstem

pytestmark = pytest.mark.system

SHAPE = (15, 20)
DWELL = 5e-3


@pytest.fixture
def one(start_ioc, bench):
    return bench(start_ioc(shape=(16, 12), dwell_time=1e-6))


def fly(one, shape=SHAPE, dwell_time=DWELL):
    return fly_4dstem(one.microscope, shape=shape, dwell_time=dwell_time)


def frames_of(one, key):
    (resource,) = (doc for doc in one.of("stream_resource") if doc["data_key"] == key)
    path = Path(urlparse(resource["uri"]).path)
    if resource["mimetype"] == MIMETYPE:
        with FrameReader(path) as frames:
            return frames.read(0, frames.shape[0])
    with h5py.File(path, "r", swmr=True) as file:
        return file[resource["parameters"]["dataset"]][()]


def indices(one, key):
    (resource,) = (doc for doc in one.of("stream_resource") if doc["data_key"] == key)
    return [doc["indices"] for doc in one.of("stream_datum") if doc["stream_resource"] == resource["uid"]]


def test_a_grid_scan_keeps_the_patterns_that_its_points_showed(one):
    m, seen = one.microscope, []

    def per_step(detectors, step, pos_cache):
        yield from bps.one_nd_step(detectors, step, pos_cache)
        seen.append((yield from bps.rd(m.pixel_array.pattern)))

    grid = m.scanner.y, -20, 20, 3, m.scanner.x, -30, 30, 4
    assert one.run(bp.grid_scan([m.pixel_array], *grid, per_step=per_step)) is None
    keys = one.of("descriptor")[0]["data_keys"]
    assert keys["pixel_array_pattern"]["shape"] == [64, 64]
    assert keys["pixel_array_pattern"]["dims"] == ["ky", "kx"]
    written = frames_of(one, "pixel_array_pattern")
    np.testing.assert_array_equal(written, np.stack(seen))
    totals = [event["data"]["pixel_array_total"] for event in one.of("event")]
    np.testing.assert_array_equal(totals, written.sum(axis=(1, 2)))
    assert one.run(bp.count([m.pixel_array, m.haadf, m.eels], 2)) is None


def test_a_fly_scan(one):
    m = one.microscope
    before = float(m.beam.on_time.get())
    assert one.run(fly(one)) is None
    patterns = frames_of(one, "pixel_array_pattern")
    assert patterns.shape == (300, 64, 64)
    assert (patterns.sum(axis=(1, 2)) > 0).all()
    spans = indices(one, "pixel_array_pattern")
    assert [span["start"] for span in spans] == [0, *(span["stop"] for span in spans[:-1])]
    assert spans[-1]["stop"] == 300
    assert len(spans) >= 2
    assert frames_of(one, "haadf_image").shape == (1, *SHAPE)
    (event,) = one.of("event")
    assert event["data"]["haadf_mean"] == frames_of(one, "haadf_image").mean()
    (stop,) = one.of("stop")
    assert stop["exit_status"] == "success"
    beam = float(m.beam.on_time.get()) - before
    assert 300 * DWELL <= beam < 300 * DWELL * 1.5 + 0.5
    assert m.beam.blanked.get() == "Blanked"
    assert m.pixel_array.trigger_mode.get() == "External"
    assert one.run(bp.count([m.pixel_array])) is None  # and back to single patterns


def test_patterns_and_image_are_of_the_same_scan(one):
    """Less scattering to high angles leaves more electrons in the disk: the two are strongly correlated."""
    assert one.run(fly(one, (24, 24))) is None
    patterns, image = frames_of(one, "pixel_array_pattern"), frames_of(one, "haadf_image")[0]
    disk = patterns[:, 22:42, 22:42].sum(axis=(1, 2)).reshape(image.shape)
    assert np.corrcoef(disk.ravel(), image.ravel())[0, 1] < -0.9
    assert abs(np.corrcoef(disk.T.ravel(), image.ravel())[0, 1]) < 0.9  # not the other way about


def in_flight(one, act):
    """Do `act` in a thread once patterns have come in."""
    counter = one.microscope.pixel_array.hdf1.num_captured

    def wait():
        while int(counter.get()) < 20:
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.parametrize("how", ["abort of the IOC", "pause"])
def test_a_flight_that_is_cut_short_has_what_was_measured(one, how):
    m = one.microscope

    def act():
        if how == "pause":
            one.engine.request_pause(defer=False)
        else:
            m.ioc.abort.put(1)

    one.documents.clear()
    thread = in_flight(one, act)
    error = None
    try:
        one.engine(fly(one, (40, 40), 5e-3))
    except RunEngineInterrupted:
        assert m.beam.blanked.get() == "Blanked"
        one.engine.abort("enough")
    except Exception as raised:
        error = raised
    thread.join()
    (stop,) = one.of("stop")
    assert stop["exit_status"] in ("abort", "fail")
    assert m.beam.blanked.get() == "Blanked"
    if how != "pause":
        assert "abort" in str(error)
    patterns = frames_of(one, "pixel_array_pattern")
    assert 20 <= len(patterns) == int(m.pixel_array.hdf1.num_captured.get()) < 1600
    assert (patterns.sum(axis=(1, 2)) > 0).all()
    assert indices(one, "pixel_array_pattern")[-1]["stop"] <= len(patterns)
    assert m.pixel_array.hdf1.capture.get() == 0
    assert one.run(fly(one)) is None
