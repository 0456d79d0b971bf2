import pytest

from stemline.devices.instruments.protocol import ControlInfo


def test_a_control_is_set_in_si_and_read_back_in_its_unit(fake, play):
    async def script(panel):
        assert panel["Beam:Current_RBV"] == 100.0
        assert panel.record("Beam:Current").upper_ctrl_limit == 1000.0
        assert panel.record("Beam:Current").units == "pA"
        assert await panel.put("Beam:Current", 20.0)
        assert fake.current == pytest.approx(2e-11, rel=1e-12)
        assert panel["Beam:Current_RBV"] == 20.0
        assert not await panel.put("Beam:Current", 1001.0)

    play(script)


def test_the_readback_follows_a_current_that_changes_by_itself(fake, play):
    async def script(panel):
        fake.current = 9e-11
        await panel.put("EELS:cam1:Acquire", 1)
        assert panel["Beam:Current_RBV"] == 90.0
        assert panel["Beam:Current"] == 100.0  # what was asked for

    play(script)


def test_configured_limits_narrow(play):
    async def script(panel):
        assert not await panel.put("Beam:Current", 201.0)
        assert await panel.put("Beam:Current", 200.0)

    play(script, limits={"Beam:Current": (0.0, 200.0)})


def test_a_control_that_can_only_be_read_refuses(request, fake, monkeypatch):
    read_only = {"beam_current": ControlInfo("A", 0.0, 1e-9, settable=False)}
    monkeypatch.setattr(type(fake), "controls", property(lambda self: read_only))
    play = request.getfixturevalue("play")

    async def script(panel):
        assert not await panel.put("Beam:Current", 20.0)
        assert "can be read, not set" in panel["IOC:Message_RBV"]
        assert panel["Beam:Current"] == 100.0

    play(script)


def test_without_a_current_electrons_are_unknown(request, fake):
    fake.current = None
    play = request.getfixturevalue("play")

    async def script(panel):
        assert "T1:Beam:Current_RBV" not in panel.records.pvdb
        assert await panel.put("EELS:cam1:Acquire", 1)
        assert panel["Beam:OnTime_RBV"] > 0
        assert panel["Beam:Electrons_RBV"] != panel["Beam:Electrons_RBV"]  # NaN
        await panel.put("Beam:ElectronBudget", 1e9)
        assert not await panel.put("EELS:cam1:Acquire", 1)

    play(script)
