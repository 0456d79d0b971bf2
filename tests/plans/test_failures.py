import logging

import bluesky.plan_stubs as bps
import pytest
from ophyd import Device
from ophyd.status import Status

from stemline.plans.failures import blank_on_failure, true_reason


class Stubborn(Device):
    def __init__(self, error, **kwargs):
        super().__init__("", **kwargs)
        self.error = error

    def trigger(self):
        status = Status(self)
        status.set_exception(self.error)
        return status


def fail(error):
    yield from bps.null()
    raise error


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("stage stalled\nat 3 nm", "detector: stage stalled"),
        ("detector: no beam", "detector: no beam"),
        ("", "detector: RuntimeError"),
    ],
)
def test_a_device_that_fails_is_quoted_in_one_line(engine, said, told):
    detector = Stubborn(RuntimeError(said), name="detector")
    with pytest.raises(RuntimeError) as raised:
        engine(true_reason(bps.trigger(detector, wait=True)))
    assert str(raised.value) == told


def test_other_failures_pass_unchanged(engine):
    error = KeyError("x")
    with pytest.raises(KeyError) as raised:
        engine(true_reason(fail(error)))
    assert raised.value is error


def test_a_failure_blanks_and_is_raised(engine, microscope):
    with pytest.raises(KeyError):
        engine(blank_on_failure(fail(KeyError("x")), microscope))
    assert microscope.blanked == 1


def test_success_leaves_the_beam_to_the_ioc(engine, microscope):
    engine(blank_on_failure(bps.null(), microscope))
    assert microscope.blanked == 0


def test_a_microscope_that_does_not_answer_hides_no_reason(engine, microscope, caplog):
    def stop(*, success=False):
        raise ConnectionError("EM1:IOC:Abort does not answer")

    microscope.stop = stop
    with caplog.at_level(logging.ERROR, "stemline"), pytest.raises(KeyError):
        engine(blank_on_failure(fail(KeyError("x")), microscope))
    assert "EM1:IOC:Abort does not answer" in caplog.text
