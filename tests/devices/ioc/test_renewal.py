import asyncio

import pytest

from stemline.devices.ioc import renewal
from stemline.devices.ioc.renewal import DRIVER_SILENT, LEASE_LOST, Renewal


class Watchdog:
    def __init__(self):
        self.silence = 0.0
        self.renewed = []

    def renew(self, seconds):
        self.renewed.append(seconds)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(renewal, "RENEWAL", 0.005)


def follow(act):
    async def main():
        watchdog, left, lost = Watchdog(), [1.0], []
        one = Renewal(watchdog, lambda: left[0], lost.append)
        await asyncio.sleep(0.05)
        await act(one, watchdog, left)
        await asyncio.sleep(0.05)
        return watchdog, lost

    return asyncio.run(main())


def test_it_renews_until_its_end():
    async def end(one, watchdog, left):
        one.end()
        end.renewed = len(watchdog.renewed)

    watchdog, lost = follow(end)
    assert len(watchdog.renewed) == end.renewed > 2
    assert lost == []


def test_a_lease_that_ends_is_told_once():
    async def lapse(one, watchdog, left):
        left[0] = 0.0

    assert follow(lapse)[1] == [LEASE_LOST]


def test_a_silent_watchdog_is_told_once():
    async def freeze(one, watchdog, left):
        watchdog.silence = 2.0

    assert follow(freeze)[1] == [DRIVER_SILENT]


def test_without_a_lease_it_has_lapsed_at_once():
    async def main():
        lost = []
        one = Renewal(Watchdog(), lambda: 0.0, lost.append)
        assert one.lapsed
        assert lost == [LEASE_LOST]
        one.end()

    asyncio.run(main())
