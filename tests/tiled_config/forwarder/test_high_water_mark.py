from __future__ import annotations

import pandas as pd
import pytest

from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.forwarder.high_water_mark import Differs, Event, Mark, compare, mark

JOURNAL: list[Event] = [(1, 10.0), (2, 20.5), (3, 30.0)]
EARLIER: Event = (2, 20.0)


def there(*events: Event) -> Mark:
    return Mark(len(events), events)


class Table:
    """As a Tiled client of a table, which gives columns in any order."""

    def __init__(self, **columns: list[float]) -> None:
        self._frame = pd.DataFrame(columns)

    @property
    def columns(self) -> list[str]:
        return list(self._frame.columns)

    def read(self, columns: list[str]) -> pd.DataFrame:
        return self._frame[columns[::-1]]


def test_what_a_table_holds() -> None:
    assert mark(Table(time=[1.5, 2.5], x=[0, 0], seq_num=[1, 2])) == there((1, 1.5), (2, 2.5))
    assert mark(Table(time=[1.5, 2.5], x=[0, 0])) == Mark(2, None)


def test_the_same_is_right() -> None:
    compare(there(*JOURNAL), JOURNAL, {EARLIER})
    compare(Mark(3, None), JOURNAL, set())
    compare(there(), [], set())


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(JOURNAL[:2], id="one is missing at the end"),
        pytest.param([JOURNAL[0], JOURNAL[2]], id="one is missing in the middle"),
        pytest.param([*JOURNAL, JOURNAL[2]], id="one is there twice"),
        pytest.param([JOURNAL[0], JOURNAL[0], *JOURNAL[1:]], id="one is there twice, in the middle"),
        pytest.param([JOURNAL[1], JOURNAL[0], JOURNAL[2]], id="out of order"),
        pytest.param([JOURNAL[0], EARLIER, JOURNAL[2]], id="the one that was retaken"),
        pytest.param([JOURNAL[0], EARLIER, *JOURNAL[1:]], id="both of one that was retaken"),
        pytest.param([*JOURNAL, (4, 40.0), (4, 40.0)], id="one that the journal lost, twice"),
    ],
)
def test_what_can_be_written_afresh(rows: list[Event]) -> None:
    with pytest.raises(Differs):
        compare(there(*rows), JOURNAL, {EARLIER})


def test_fewer_rows_of_a_table_without_numbers() -> None:
    with pytest.raises(Differs, match="2 of 3 events"):
        compare(Mark(2, None), JOURNAL, set())


def test_events_at_the_end_that_a_journal_lost_with_the_power_are_left() -> None:
    compare(there(*JOURNAL, (4, 40.0)), JOURNAL, set())


@pytest.mark.parametrize(
    "rows", [[JOURNAL[0], (2, 99.0), JOURNAL[2]], [(1, 9.0)], [*JOURNAL, (2, 99.0)], [(9, 9.0), *JOURNAL]]
)
def test_what_only_the_catalog_has_is_for_a_person_to_look_at(rows: list[Event]) -> None:
    with pytest.raises(CatalogError, match="is not in the journal"):
        compare(there(*rows), JOURNAL, {EARLIER})
