import pytest
from caproto import CAStatus

from stemline.devices.ioc.client import WriteRules


def test_everybody_may_without_rules():
    assert WriteRules({}).allow("192.0.2.7:4000", "Stage:X")


def test_the_narrowest_network_decides():
    rules = WriteRules({"0.0.0.0/0": ["IOC:Abort"], "192.0.2.0/24": ["Scan:*"], "192.0.2.7/32": ["*"]})
    assert rules.allow("198.51.100.1:1", "IOC:Abort")
    assert not rules.allow("198.51.100.1:1", "Scan:X")
    assert rules.allow("192.0.2.8:1", "Scan:X")
    assert not rules.allow("192.0.2.8:1", "IOC:Abort")
    assert rules.allow("192.0.2.7:1", "Stage:Alpha")
    assert rules.allow("", "Stage:Alpha")  # the IOC itself


def test_who_is_in_no_network_may_nothing():
    assert not WriteRules({"192.0.2.0/24": ["*"]}).allow("127.0.0.1:1", "Scan:X")


def test_what_is_no_network_is_an_error():
    with pytest.raises(ValueError, match="does not appear to be"):
        WriteRules({"the lab": ["*"]})


def test_a_put_against_the_rules_is_refused_and_counted(play):
    async def script(panel):
        record = panel.record("Scan:X")
        status = await record.auth_write(
            "host", "user", [5.0], record.data_type, None, user_address=("192.0.2.7", 1)
        )
        assert status is CAStatus.ECA_PUTFAIL
        assert panel["Scan:X"] == 0
        assert panel["IOC:Refusals_RBV"] == 1
        assert "192.0.2.7 may not put to it" in panel["IOC:Message_RBV"]

    play(script, rules=WriteRules({"127.0.0.0/8": ["*"]}))
