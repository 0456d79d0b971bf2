import threading

import pytest

from stemline.devices.instruments.protocol import Aborted
from stemline.devices.instruments.simulated.blanker import SimulatedBlanker
from stemline.devices.instruments.simulated.clock import Action, LeapingClock, RealClock


def test_a_leaping_clock_waits_at_once():
    clock = LeapingClock()
    clock.wait_until(100.0, threading.Event())
    clock.wait_until(50.0, threading.Event())
    assert clock.now() == 100.0


def test_real_time_passes():
    clock = RealClock()
    deadline = clock.now() + 0.02
    clock.wait_until(deadline, threading.Event())
    assert deadline <= clock.now() < deadline + 0.5


@pytest.mark.parametrize("clock", [RealClock(), LeapingClock()])
def test_an_action_ended_raises_and_the_next_goes_on(clock):
    action = Action(clock)
    began = action.begin()
    action.abort()
    with pytest.raises(Aborted, match="the scan was aborted"):
        action.wait_until(began + 1000, "scan")
    action.wait_until(action.begin(), "scan")


def test_an_abort_with_nothing_in_progress_is_forgotten():
    action = Action(LeapingClock())
    action.abort()
    action.wait_until(action.begin() + 1, "scan")


def test_the_blanker_counts_the_time_the_beam_is_on():
    clock = LeapingClock()
    blanker = SimulatedBlanker(clock, lambda: 1e-10)
    assert blanker.blanked
    for on in (2.0, 3.0):
        clock.wait_until(clock.now() + 10, threading.Event())
        blanker.unblank()
        blanker.unblank()
        clock.wait_until(clock.now() + on, threading.Event())
        blanker.blank()
        blanker.blank()
    assert blanker.on_time == 5.0
