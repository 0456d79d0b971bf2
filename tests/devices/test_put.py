from __future__ import annotations

import time

import pytest

from stemline.devices.eels import Eels
from stemline.devices.no_answer import NoAnswer
from stemline.devices.put import Put
from stemline.devices.scanner import Scanner


@pytest.fixture
def scanner(scripted):
    device = Scanner("T1:", name="scanner")
    device.wait_for_connection(timeout=5)
    yield device
    device.destroy()


def five_seconds():
    end = time.monotonic() + 5
    return lambda: None if time.monotonic() < end else "five seconds are over"


def test_the_ioc_says_whether_a_put_succeeded(scripted, scanner):
    put = Put(scanner.x, 3.0)
    put.wait(five_seconds())
    assert put.succeeded is True
    scripted.refuse["Scan:X"] = "no"
    put = Put(scanner.x, 4)
    put.wait(five_seconds())
    assert put.succeeded is False


def test_a_text_is_completed_without_a_word(scripted):
    eels = Eels("T1:", name="eels")
    eels.wait_for_connection(timeout=5)
    try:
        put = Put(eels.hdf1.file_name, "frames")
        put.wait(five_seconds())
        assert put.succeeded is None
        assert scripted.value("EELS:HDF1:FileName_RBV") == "frames"
    finally:
        eels.destroy()


def test_a_completion_after_the_write_timeout_of_the_signal_counts(scripted, scanner):
    scanner.x._write_timeout = 0.01
    scripted.ignore.add("Scan:X")
    begin = time.monotonic()
    put = Put(scanner.x, 3.0)
    while time.monotonic() - begin < 0.05:
        scanner.x.get()
    scanner.stop()  # what was held up fails now
    put.wait(five_seconds())
    assert put.succeeded is False


def test_a_put_without_a_connection_names_the_pv(scripted, scanner):
    scanner.destroy()
    with pytest.raises(NoAnswer, match="T1:Scan:X"):
        Put(scanner.x, 3.0)
