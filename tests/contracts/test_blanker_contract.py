from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from stemline.devices.instruments.protocol import Blanker, Instrument


@pytest.fixture
def blanker(instrument: Instrument) -> Blanker:
    assert isinstance(instrument.blanker, Blanker)
    return instrument.blanker


def test_a_new_instrument_is_blanked(make: Callable[[bool], Instrument]) -> None:
    blanker = make(False).blanker
    assert blanker is not None
    assert blanker.blanked


def test_blanks_and_unblanks_more_than_once(blanker: Blanker) -> None:
    for _ in range(2):
        blanker.blank()
        blanker.blank()
        assert blanker.blanked
        blanker.unblank()
        blanker.unblank()
        assert not blanker.blanked


def test_blanks_from_many_threads(blanker: Blanker) -> None:
    blanker.unblank()
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(blanker.blank) for _ in range(64)]:
            done.result()
    assert blanker.blanked


def test_abort_blanks(instrument: Instrument, blanker: Blanker) -> None:
    blanker.unblank()
    instrument.abort()
    assert blanker.blanked
