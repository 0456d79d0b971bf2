import asyncio
import itertools

import pytest
from caproto import AlarmSeverity

from stemline.devices.instruments.protocol import InstrumentError
from stemline.devices.ioc import exposure
from stemline.devices.ioc.dose import electrons
from stemline.devices.ioc.exposure import Shot


def test_beam_time_of_a_shot():
    assert Shot("EELS", "spectrum", 0.01, {}).seconds == 0.01
    assert Shot("HAADF", "frame", 1e-5, {"ny": 3, "nx": 4}).seconds == pytest.approx(1.2e-4)


def test_the_budget_is_refused_before_the_beam_is_on(fake, play):
    async def script(panel):
        assert not await panel.put("EELS:cam1:Acquire", 1)
        assert "electron budget" in panel["EELS:cam1:StatusMessage_RBV"]
        assert panel["EELS:cam1:DetectorState_RBV"] == "Error"
        assert panel["Beam:Electrons_RBV"] == 0
        assert "unblank" not in fake.log
        assert await panel.put("Beam:ElectronBudget", 0)
        assert await panel.put("EELS:cam1:Acquire", 1)

    play(script, budget=electrons(1e-10, 0.009))


def test_a_larger_current_counts_against_the_budget_at_once(fake, play):
    async def script(panel):
        assert await panel.put("EELS:cam1:Acquire", 1)
        assert await panel.put("Beam:Current", 1000.0)
        assert not await panel.put("EELS:cam1:Acquire", 1)

    play(script, budget=electrons(1e-10, 0.04))


def test_electrons_are_current_times_time_at_least_what_was_asked(play):
    async def script(panel):
        await panel.put("Beam:SettleTime", 0.005)
        await panel.put("EELS:cam1:AcquireTime", 0.5)  # the fake answers at once
        await panel.put("EELS:cam1:Acquire", 1)
        assert panel["Beam:OnTime_RBV"] == pytest.approx(0.505, rel=1e-9)
        assert panel["Beam:Electrons_RBV"] == pytest.approx(electrons(1e-10, 0.505), rel=1e-9)
        await panel.put("Beam:ResetElectrons", 1)
        assert panel["Beam:OnTime_RBV"] == panel["Beam:Electrons_RBV"] == 0

    play(script)


def test_the_timer_blanks_an_exposure_that_does_not_end(fake, play):
    async def script(panel):
        fake.hold = True
        assert not await panel.put("EELS:cam1:Acquire", 1)
        assert fake.blanked
        assert "was not over after" in panel["EELS:cam1:StatusMessage_RBV"]
        assert panel["EELS:cam1:DetectorState_RBV"] == "Error"
        assert 0.04 < panel["Beam:OnTime_RBV"] < 5

    play(script, overrun=0.05)


def test_a_driver_that_does_not_heed_is_ended(fake, driver, play, monkeypatch):
    monkeypatch.setattr(exposure, "HANGING", 0.05)
    monkeypatch.setattr(driver, "call_off", lambda: None)

    async def script(panel):
        fake.hold = True
        acquiring = asyncio.create_task(panel.put("EELS:cam1:Acquire", 1))
        while not driver.killed:
            await asyncio.sleep(0.01)
        fake.ended.set()
        assert not await acquiring

    play(script, overrun=0.05)


def test_abort_ends_what_is_in_progress_and_what_waits(fake, play):
    async def script(panel):
        fake.hold = True
        puts = [
            asyncio.create_task(panel.put(name, value))
            for name, value in (("EELS:cam1:Acquire", 1), ("HAADF:cam1:Acquire", 1), ("Scan:X", 5.0))
        ]
        while not fake.exposing.is_set():
            await asyncio.sleep(0.001)
        assert panel["EELS:cam1:DetectorState_RBV"] == "Acquire"
        assert panel["HAADF:cam1:DetectorState_RBV"] == "Idle"  # it waits for the beam
        assert panel["Beam:Blanked_RBV"] == "Unblanked"
        assert await panel.put("IOC:Abort", 1)
        assert not any(await asyncio.gather(*puts))
        assert fake.blanked
        assert panel["Beam:Blanked_RBV"] == "Blanked"
        for detector in ("EELS", "HAADF"):
            assert panel[f"{detector}:cam1:DetectorState_RBV"] == "Aborted"
            assert panel[f"{detector}:cam1:StatusMessage_RBV"] == "aborted by IOC:Abort"
            assert panel[f"{detector}:cam1:Acquire"] == "Done"
        assert fake.log.count("expose") == 1
        assert panel["Scan:X_RBV"] == 0
        fake.hold = False
        assert await panel.put("EELS:cam1:Acquire", 1)
        assert panel["EELS:cam1:StatusMessage_RBV"] == ""

    play(script)


def test_one_exposure_at_a_time_blanked_between(fake, play):
    async def script(panel):
        fake.log.clear()
        assert all(
            await asyncio.gather(panel.put("EELS:cam1:Acquire", 1), panel.put("HAADF:cam1:Acquire", 1))
        )
        events = (event for event in fake.log if event in ("unblank", "expose", "blank"))
        in_turn = [event for event, _ in itertools.groupby(events)]  # blanking twice does no harm
        assert in_turn == ["unblank", "expose", "blank"] * 2

    play(script)


def test_a_beam_that_stays_on_is_in_alarm_until_it_is_off(fake, play, monkeypatch):
    def stuck() -> None:
        raise InstrumentError("the blanker does not answer")

    async def script(panel):
        blanked = panel.record("Beam:Blanked_RBV")
        monkeypatch.setattr(fake, "blank", stuck)
        assert not await panel.put("EELS:cam1:Acquire", 1)
        assert panel["EELS:cam1:StatusMessage_RBV"] == "the blanker does not answer"
        assert (blanked.value, blanked.alarm.severity) == ("Unblanked", AlarmSeverity.INVALID_ALARM)
        monkeypatch.undo()
        assert await panel.put("EELS:cam1:Acquire", 1)
        assert (blanked.value, blanked.alarm.severity) == ("Blanked", AlarmSeverity.NO_ALARM)

    play(script)
