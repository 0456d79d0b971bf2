from __future__ import annotations

import time

import pytest

from stemline.devices.instruments.nion_server import lease as module
from stemline.devices.instruments.nion_server.lease import Lease


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    monkeypatch.setattr(module, "LEASE", 0.1)
    return []


def test_blanked_to_begin_with(moves: list[bool]) -> None:
    lease = Lease(moves.append)
    assert moves == [True]
    assert not lease.renew()


def test_goes_off_by_itself_and_renewals_do_not_put_it_on(moves: list[bool]) -> None:
    lease = Lease(moves.append)
    lease.open()
    for _ in range(5):
        time.sleep(0.04)
        assert lease.renew()
    assert moves[-1] is False
    time.sleep(0.3)
    assert moves[-1] is True
    assert not lease.renew()
    assert moves[-1] is True
    lease.open()
    assert moves[-1] is False
    lease.close()
    assert moves[-1] is True


def test_over_is_over(moves: list[bool]) -> None:
    lease = Lease(moves.append)
    lease.open()
    lease.end()
    assert moves[-1] is True
    lease.open()
    assert moves[-1] is True
