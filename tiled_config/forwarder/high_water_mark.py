"""How far the catalog has come with a run, as the server itself says; nobody else is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..error import CatalogError

Event = tuple[int, float]
"""What tells an event of a stream from any other: its seq_num and its time [s]."""


class Differs(Exception):
    """The catalog does not have what the journal has; forwarding the run afresh helps."""


@dataclass(frozen=True)
class Mark:
    """How much of a stream a table holds.

    Attributes
    ----------
    rows
        Their number.
    events
        The event in each row; None for a table without these columns: of a stream with over 1024 columns
        several tables are made.
    """

    rows: int
    events: tuple[Event, ...] | None


def mark(table: Any) -> Mark:
    """Ask the server what is in a table; `table` is a `tiled.client.dataframe.DataFrameClient`."""
    told = [name for name in ("seq_num", "time") if name in table.columns]
    if len(told) == 2:
        frame = table.read(told)
        return Mark(len(frame), tuple(zip(frame["seq_num"].tolist(), frame["time"].tolist(), strict=True)))
    return Mark(len(table.read(table.columns[:1])), None)


def compare(there: Mark, journal: list[Event], retaken: set[Event]) -> None:
    """Compare a table with the journal of its stream.

    Parameters
    ----------
    there
        What the table holds.
    journal
        Events of the stream in order, each seq_num once.
    retaken
        Earlier events whose seq_num was used again.

    Raises
    ------
    Differs
        If an event is missing, there twice, out of order, or was retaken.
    CatalogError
        If the catalog holds an event that is not in the journal, before its end: deleting it would lose it.
        (At the end it does no harm: a journal may lose its last event with the power of the machine.)
    """
    if there.events is None:
        if there.rows < len(journal):
            raise Differs(f"{there.rows} of {len(journal)} events")
        return
    own, rest = list(there.events[: len(journal)]), there.events[len(journal) :]
    known = set(journal)
    last = journal[-1][0] if journal else 0
    beyond = [event for event in rest if event not in known | retaken]
    foreign = [event for event in own if event not in known | retaken]
    if foreign or any(seq_num <= last for seq_num, _ in beyond):
        seq_num, _ = (foreign or beyond)[0]
        raise CatalogError(
            f"the catalog holds an event {seq_num} that is not in the journal: compare them by hand"
        )
    if own != journal or len(beyond) < len(rest) or len(set(beyond)) < len(beyond):
        raise Differs(f"{there.rows} rows for {len(journal)} events")
