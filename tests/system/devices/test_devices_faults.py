"""A frozen or dead IOC fails a run in less than ten seconds, with an error that names a process variable."""

from __future__ import annotations

import threading
import time

import bluesky.plan_stubs as bps
import bluesky.plans as bp
import pytest

from stemline.plans.fly_4dstem import fly_4dstem

pytestmark = pytest.mark.system

PATIENCE = 10.0  # [s]


def fail_after_events(bench, act, count):
    """Do `act` once `count` events have been taken; returns a list that will hold the time of it."""
    when = []

    def seen(name, doc):
        if name == "event" and doc["seq_num"] == count and not when:
            act()
            when.append(time.monotonic())

    bench.engine.subscribe(seen)
    return when


def scan(bench):
    m = bench.microscope
    return bp.grid_scan([m.haadf, m.eels], m.scanner.y, -20, 20, 5, m.scanner.x, -20, 20, 5)


def readings(bench):
    return bp.count([bench.microscope.scanner, bench.microscope.beam], num=None, delay=0.01)


def spectra(bench):
    return bp.count([bench.microscope.eels], num=None)


@pytest.mark.parametrize("fault", ["freeze", pytest.param("kill", marks=pytest.mark.slow)])
def test_a_fly_scan_fails(start_ioc, bench, fault):
    ioc = start_ioc()
    one = bench(ioc)
    when = []

    def seen(name, doc):
        if name == "stream_datum" and not when:
            getattr(ioc, fault)()
            when.append(time.monotonic())

    one.engine.subscribe(seen)
    error = one.run(fly_4dstem(one.microscope, shape=(64, 64), dwell_time=0.01))
    assert time.monotonic() - when[0] < PATIENCE
    (stop,) = one.of("stop")
    assert stop["exit_status"] == "fail"
    assert f"{ioc.prefix}" in stop["reason"], stop["reason"]
    assert ioc.prefix in str(error)


SLOW = pytest.mark.slow  # the shortest of each fault stays in `make test`


@pytest.mark.parametrize(
    ("fault", "plan"),
    [
        ("freeze", readings),
        ("kill", readings),
        *(pytest.param(fault, plan, marks=SLOW) for fault in ("freeze", "kill") for plan in (scan, spectra)),
    ],
)
def test_a_run_fails(start_ioc, bench, fault, plan):
    ioc = start_ioc()
    one = bench(ioc)
    assert one.run(bps.mv(one.microscope.haadf.scan_mode, "Spot")) is None
    when = fail_after_events(one, getattr(ioc, fault), 4)
    error = one.run(plan(one))
    elapsed = time.monotonic() - when[0]
    print("ELAPSED", plan.__name__, fault, round(elapsed, 2), repr(str(error)))
    assert elapsed < PATIENCE
    (stop,) = one.of("stop")
    assert stop["exit_status"] == "fail"
    assert ioc.prefix in stop["reason"], stop["reason"]
    assert ioc.prefix in str(error)


@SLOW
@pytest.mark.parametrize("fault", ["freeze", "kill"])
def test_a_long_exposure_fails_too(start_ioc, bench, fault):
    ioc = start_ioc()
    one = bench(ioc)
    when = []

    def act():
        getattr(ioc, fault)()
        when.append(time.monotonic())

    threading.Timer(1.0, act).start()
    error = one.run(bp.count([one.microscope.eels], num=30) if one.run(long(one)) is None else None)
    assert time.monotonic() - when[0] < PATIENCE
    assert f"{ioc.prefix}EELS:cam1:Acquire" in str(error)


def long(bench):
    return bps.mv(bench.microscope.eels.acquire_time, 10.0)


@SLOW
def test_the_next_run_works_after_a_freeze(start_ioc, bench):
    ioc = start_ioc()
    one = bench(ioc)
    fail_after_events(one, ioc.freeze, 2)
    assert one.run(spectra(one)) is not None
    ioc.thaw()
    assert one.run(bp.count([one.microscope.eels], num=3)) is None
    assert len(one.of("stream_datum")) == 3
