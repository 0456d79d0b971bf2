from __future__ import annotations

import time

import pytest

from stemline.devices.no_answer import NoAnswer
from stemline.devices.watched import WatchedReading, WatchedSetpoint


@pytest.fixture
def dwell(scripted):
    signal = WatchedSetpoint("T1:Scan:DwellTime", name="dwell")
    signal.wait_for_connection(timeout=5)
    yield signal
    signal.destroy()


@pytest.fixture
def other(scripted):
    signal = WatchedReading("T1:Scan:DwellTime_RBV", name="other")
    signal.wait_for_connection(timeout=5)
    yield signal
    signal.destroy()


def shown(signal, value):
    deadline = time.monotonic() + 5
    while signal.read()[signal.name]["value"] != value:
        assert time.monotonic() < deadline, signal.read()
        time.sleep(0.001)


def test_what_this_client_sets_is_read_as_soon_as_it_is_done(dwell, other):
    for number in range(20):
        dwell.set(float(number)).wait(5)
        assert dwell.read()["dwell"]["value"] == number
    shown(other, 19.0)


def test_what_another_client_sets_is_read_without_being_asked_for(scripted, dwell, other):
    shown(dwell, dwell.get())
    scripted.show("Scan:DwellTime_RBV", 7.5)
    before = time.time()
    shown(dwell, 7.5)
    shown(other, 7.5)
    assert dwell.read()["dwell"]["timestamp"] == pytest.approx(before, abs=1)


def test_reading_asks_nothing(dwell, monkeypatch):
    shown(dwell, dwell.get())

    def asked(*args, **kwargs):
        raise AssertionError("asked")

    monkeypatch.setattr(dwell, "get", asked)
    assert set(dwell.read()["dwell"]) == {"value", "timestamp"}


def test_before_the_first_update_it_is_asked_for(dwell, monkeypatch):
    value = dwell.get()
    monkeypatch.setattr(dwell._watch, "_newest", None)
    assert dwell.read()["dwell"]["value"] == value


def test_a_readback_that_sends_no_updates_fails_the_set(dwell, monkeypatch):
    monkeypatch.setattr("stemline.devices.watched.PATIENCE", 0.0)
    monkeypatch.setattr(dwell, "_watch", type(dwell._watch)(dwell))
    dwell.clear_sub(dwell._watch._take)
    error = dwell.set(3.0).exception(timeout=5)
    assert isinstance(error, NoAnswer)
    assert "T1:Scan:DwellTime_RBV: the IOC sends no updates" in str(error)
