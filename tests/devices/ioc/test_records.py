import asyncio
import math

import pytest
from caproto import AccessRights, AlarmSeverity, CAStatus, ChannelType

from stemline.devices.ioc.records import Records, Refused


async def send(record, data):
    status = await record.auth_write("host", "user", data, record.data_type, None)
    return status is CAStatus.ECA_NORMAL


def message(records: Records) -> str:
    return records.pvdb["T1:IOC:Message_RBV"].value


def test_a_setting_is_applied_and_read_back():
    async def script():
        records, applied = Records("T1:", {}), []

        async def apply(value):
            applied.append(value)
            return value * 2

        readback = records.number("A_RBV", 1.0, "nm", precision=2)
        setpoint = records.setting("A", readback, (0.0, 10.0), apply)
        assert await send(setpoint, [4.0])
        assert applied == [4.0]
        assert (setpoint.value, readback.value) == (4.0, 8.0)
        assert (setpoint.units, setpoint.precision, setpoint.upper_ctrl_limit) == ("nm", 2, 10.0)

    asyncio.run(script())


@pytest.mark.parametrize("asked", [-0.1, 10.1, math.nan, math.inf, -math.inf])
def test_what_is_refused_fails_leaves_the_value_and_says_why(asked):
    async def script():
        records = Records("T1:", {})

        async def apply(value):
            pytest.fail("applied")

        readback = records.number("A_RBV", 1.0, "nm")
        setpoint = records.setting("A", readback, (0.0, 10.0), apply)
        assert not await send(setpoint, [asked])
        assert (setpoint.value, readback.value) == (1.0, 1.0)
        assert setpoint.alarm.severity == AlarmSeverity.MAJOR_ALARM
        assert message(records).startswith("T1:A = ")
        assert "ask for 0 to 10 nm" in message(records)

    asyncio.run(script())


def test_a_good_put_ends_the_alarm():
    async def script():
        records = Records("T1:", {})

        async def apply(value):
            return value

        setpoint = records.setting("A", records.number("A_RBV", 1.0), (0.0, 10.0), apply)
        await send(setpoint, [11.0])
        await send(setpoint, [9.0])
        assert setpoint.alarm.severity == AlarmSeverity.NO_ALARM

    asyncio.run(script())


def test_any_exception_fails_the_put_with_its_text():
    async def script():
        records = Records("T1:", {})

        async def put(value):
            raise ZeroDivisionError("a bug")

        record = records.integer("A", put=put)
        assert not await send(record, [1])
        assert message(records) == "a bug"

    asyncio.run(script())


def test_what_has_no_put_can_only_be_read():
    async def script():
        records = Records("T1:", {})
        record = records.integer("A_RBV", 3)
        assert record.check_access("host", "user") == AccessRights.READ
        assert not await send(record, [4])
        assert record.value == 3

    asyncio.run(script())


@pytest.mark.parametrize(("sent", "word"), [([1], "On"), ([0], "Off"), ([2], None), ([-1], None)])
def test_choices_by_number(sent, word):
    async def script():
        records, words = Records("T1:", {}), []

        async def put(value):
            words.append(value)

        done = await send(records.choice("A", ("Off", "On"), put), sent)
        assert words == ([] if word is None else [word])
        assert done is (word is not None)

    asyncio.run(script())


def test_whole_numbers_stay_whole():
    async def script():
        records = Records("T1:", {})

        async def apply(value):
            assert isinstance(value, int)
            return value

        setpoint = records.setting("N", records.integer("N_RBV", 4, "px"), (1, 8), apply)
        assert setpoint.data_type == ChannelType.LONG
        assert await send(setpoint, [8])
        assert not await send(setpoint, [9])

    asyncio.run(script())


def test_text_that_channel_access_cannot_carry_is_marked():
    async def script():
        records = Records("T1:", {})
        await records.report("5 Å, 3 \N{GREEK SMALL LETTER MU}m" + "x" * 5000)
        assert message(records).startswith("5 Å, 3 ?m")
        assert len(message(records)) == 1024

    asyncio.run(script())


def test_limits_narrow_and_never_widen():
    records = Records("T1:", {"A": (1.0, 99.0), "B": (20.0, 30.0), "C": (0.0, 1.0)})
    assert records.narrowed("A", (0.0, 10.0)) == (1.0, 10.0)
    assert records.narrowed("D", (0.0, 10.0)) == (0.0, 10.0)
    with pytest.raises(ValueError, match=r"limits of B: \[20, 30\] lie outside"):
        records.narrowed("B", (0.0, 10.0))
    assert records.unused_limits == ("C",)


def test_refused_is_not_a_value_error():
    # pydantic and numpy raise ValueError: a refusal has to be told from a bug
    assert not issubclass(Refused, ValueError)
