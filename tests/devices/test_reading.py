from __future__ import annotations

import numpy as np
import pytest

from stemline.devices import ahead
from stemline.devices.eels import Eels
from stemline.devices.no_answer import NoAnswer
from stemline.devices.reading import ask

TOTAL = "EELS:Stats1:Total_RBV"


@pytest.fixture
def eels(scripted):
    device = Eels("T1:", name="eels")
    device.wait_for_connection(timeout=5)
    yield device
    device.destroy()


@pytest.fixture
def total(scripted, eels):
    scripted.show(TOTAL, 1.0)
    assert eels.total.get() == 1.0
    return eels.total


def ask_and_wait(total):
    ask([total])
    total._ahead._answer.exception(timeout=5)  # it is there


def test_what_was_asked_ahead_is_given_once(scripted, total):
    ask_and_wait(total)
    scripted.show(TOTAL, 2.0)
    assert total.read()["eels_total"]["value"] == 1.0
    assert total.get() == 2.0


def test_an_old_answer_is_not_given(scripted, total, monkeypatch):
    ask_and_wait(total)
    scripted.show(TOTAL, 2.0)
    monkeypatch.setattr(ahead, "FRESH", 0.0)
    assert total.get() == 2.0


def test_a_question_about_something_else_is_asked(scripted, total):
    ask_and_wait(total)
    scripted.show(TOTAL, 2.0)
    assert total.get(form="ctrl") == 2.0


def test_what_nobody_reads_is_not_asked_ahead_and_forgotten(scripted, total):
    ask_and_wait(total)
    ask([total])  # the answer before has not been wanted, and belongs to an earlier exposure
    scripted.show(TOTAL, 2.0)
    assert total.get() == 2.0


def test_a_failed_question_fails_the_reading_with_the_name_of_the_pv(total, monkeypatch):
    monkeypatch.setattr(total._read_pv, "_caproto_pv", None)
    ask_and_wait(total)
    with pytest.raises(NoAnswer, match=f"T1:{TOTAL}"):
        total.get()


def test_all_that_is_asked_is_what_asking_alone_gives(scripted, eels):
    scripted.show("EELS:image1:ArrayData", [1.0, 2.0, 3.0])
    signals = (eels.total, eels.spectrum, eels.array_counter, eels.state, eels.status_message)
    alone = [signal.read()[signal.name] for signal in signals]
    ask(signals)
    for signal, before in zip(signals, alone, strict=True):
        assert signal._ahead is not None
        reading = signal.read()[signal.name]
        assert type(reading["value"]) is type(before["value"])
        np.testing.assert_array_equal(reading["value"], before["value"])
        assert reading["timestamp"] == pytest.approx(before["timestamp"], abs=1e-6)
    spectrum = eels.spectrum.get()
    assert spectrum.dtype == np.float32
    assert spectrum.dtype.isnative


def test_limits_are_described_where_there_are_any(eels):
    for signal in (eels.total, eels.state, eels.hdf1.file_name, eels.hdf1.capture):
        (key,) = signal.describe().values()
        assert not {"lower_ctrl_limit", "upper_ctrl_limit"} & set(key), key
    key = eels.acquire_time.describe()["eels_acquire_time"]
    assert (key["lower_ctrl_limit"], key["upper_ctrl_limit"]) == (1e-6, 10.0)
