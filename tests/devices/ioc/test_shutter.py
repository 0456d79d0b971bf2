import threading
import time

import pytest

from stemline.devices.instruments.protocol import Aborted
from stemline.devices.ioc.shutter import Shutter


def test_blanks_to_begin_with(fake):
    Shutter(fake)
    assert fake.blanked


def test_opens_settles_and_closes(fake):
    shutter = Shutter(fake)
    shutter.begin(1)
    before = time.monotonic()
    shutter.open(0.02)
    assert not fake.blanked
    assert time.monotonic() - before >= 0.02
    shutter.check()
    shutter.close()
    assert fake.blanked
    assert 0.02 <= shutter.on_time <= time.monotonic() - before


def test_called_off_before_it_begins_never_unblanks(fake):
    shutter = Shutter(fake)
    shutter.call_off(5)
    fake.log.clear()
    shutter.begin(5)
    with pytest.raises(Aborted):
        shutter.open(0.0)
    assert "unblank" not in fake.log
    assert shutter.on_time == 0.0


def test_a_later_one_is_not_called_off(fake):
    shutter = Shutter(fake)
    shutter.call_off(5)
    shutter.begin(6)
    shutter.open(0.0)
    assert shutter.call_off(5) is False
    shutter.check()
    assert not fake.blanked


def test_calling_off_ends_the_settling(fake):
    shutter = Shutter(fake)
    shutter.begin(1)
    timer = threading.Timer(0.05, shutter.call_off, (1,))
    timer.start()
    with pytest.raises(Aborted):
        shutter.open(30.0)
    timer.join()
    assert fake.blanked
    assert 0.0 < shutter.on_time < 5.0


def test_time_counts_to_the_first_close(fake):
    shutter = Shutter(fake)
    shutter.begin(1)
    shutter.open(0.0)
    shutter.call_off(1)
    first = shutter.on_time
    shutter.close()
    assert shutter.on_time == first


def test_an_exposure_that_was_blanked_meanwhile_is_no_good(fake):
    shutter = Shutter(fake)
    shutter.begin(1)
    shutter.open(0.0)
    shutter.close()
    with pytest.raises(Aborted):
        shutter.check()


def test_without_a_blanker_the_time_is_kept():
    shutter = Shutter(None)
    shutter.begin(1)
    shutter.open(0.01)
    shutter.close()
    assert shutter.on_time >= 0.01
