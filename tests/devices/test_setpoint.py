from __future__ import annotations

import math
import time

import pytest
from bluesky.utils import FailedStatus
from ophyd.utils import LimitError

from stemline.devices.no_answer import NoAnswer
from stemline.devices.scanner import Scanner
from stemline.devices.setpoint import Refused


@pytest.fixture
def scanner(scripted):
    device = Scanner("T1:", name="scanner")
    device.wait_for_connection(timeout=5)
    yield device
    device.destroy()


def test_set_ends_with_the_value_at_the_ioc(scripted, scanner):
    scanner.x.set(12.5).wait(timeout=5)
    assert scripted.value("Scan:X_RBV") == 12.5
    assert scanner.x.get() == 12.5
    scanner.num_x.set(32).wait(timeout=5)
    assert scanner.num_x.get() == 32


def test_a_refused_put_fails_with_the_pv_and_the_reason_of_the_ioc(scripted, scanner):
    scanner.x.set(1.0).wait(timeout=5)
    scripted.refuse["Scan:X"] = "the scan coils are off: switch them on"
    status = scanner.x.set(2.0)
    error = status.exception(timeout=5)
    assert isinstance(error, Refused)
    assert "T1:Scan:X" in str(error)
    assert "the scan coils are off" in str(error)
    # what bluesky writes as the reason of a failed run
    assert "the scan coils are off" in str(FailedStatus(status))


def test_a_put_is_refused_although_the_value_is_there_already(scripted, scanner):
    scanner.x.set(1.0).wait(timeout=5)
    scripted.refuse["Scan:X"] = "the scan coils are off: switch them on"
    assert isinstance(scanner.x.set(1.0).exception(timeout=5), Refused)


def test_a_point_asks_once_for_the_readback_of_a_move(scripted, scanner):
    scanner.x.read()
    scanner.x.set(1.0).wait(timeout=5)
    assert scanner.x._ahead.wait()[0] == 1.0
    scripted.show("Scan:X_RBV", 7.0)
    assert scanner.x.read()["scanner_x"]["value"] == 1.0
    assert scanner.x.get() == 7.0
    scanner.x.set(2.0)
    scanner.x.set(3.0).wait(timeout=5)
    assert scanner.x.read()["scanner_x"]["value"] == 3.0


def test_a_status_shows_its_device(scripted, scanner):
    status = scanner.x.set(1.0)
    status.wait(timeout=5)
    assert "scanner_x" in str(status)


def test_a_stage_with_steps_is_taken_at_its_word(scripted, scanner):
    scripted.steps = 0.25
    scanner.x.set(3.1).wait(timeout=5)
    assert scanner.x.read()["scanner_x"]["value"] == 3.0
    scripted.refuse["Scan:X"] = "the stage is locked"
    assert isinstance(scanner.x.set(4.1).exception(timeout=5), Refused)


def test_a_reading_is_what_the_ioc_says(scripted, scanner):
    scanner.x.set(1.0).wait(timeout=5)
    scripted.show("Scan:X_RBV", 1.1)
    assert scanner.x.get() == 1.1
    assert scanner.x.read()["scanner_x"]["value"] == 1.1


@pytest.mark.parametrize("value", [50.1, -1e9, math.nan, math.inf])
def test_outside_the_limits_is_refused_before_it_is_sent(scripted, scanner, value):
    with pytest.raises(LimitError, match="T1:Scan:X"):
        scanner.x.set(value)


def test_limits_follow_the_ioc(scripted, scanner):
    record = scripted.records.pvdb["T1:Scan:Y"]
    scanner.y.check_value(50.0)
    record._data.update(lower_ctrl_limit=-99.0, upper_ctrl_limit=99.0)
    try:
        scanner.y.check_value(98.0)
        assert scanner.y.limits == (-99.0, 99.0)
    finally:
        record._data.update(lower_ctrl_limit=-50.0, upper_ctrl_limit=50.0)


def test_an_action_that_never_ends_fails_at_its_timeout_although_the_ioc_lives(scripted, scanner):
    scripted.ignore.add("Scan:Y")
    begin = time.monotonic()
    error = scanner.y.set(3.0, timeout=0.1).exception(timeout=5)
    assert isinstance(error, NoAnswer)
    assert "T1:Scan:Y" in str(error)
    assert time.monotonic() - begin < 2
    scanner.stop()
    scanner.x.get()  # one connection keeps the order: the abort has arrived


def test_stopping_a_signal_aborts_unless_the_plan_has_succeeded(scripted, scanner):
    scanner.x.stop(success=True)
    scanner.x.stop(success=False)
    scanner.x.get()
    assert scripted.aborts == 1


def test_description(scripted, scanner):
    key = scanner.x.describe()["scanner_x"]
    assert key["source"] == "PV:T1:Scan:X_RBV"
    assert key["units"] == "nm"
    assert key["precision"] == 4
    assert (key["lower_ctrl_limit"], key["upper_ctrl_limit"]) == (-50.0, 50.0)
    assert key["dtype"] == "number"
    assert scanner.x.hints == {"fields": ["scanner_x"]}
    assert set(scanner.describe_configuration()) == {
        f"scanner_{name}"
        for name in ("field_of_view", "rotation", "num_x", "num_y", "dwell_time", "pixel_size")
    }
