"""Put on record what the agent decided, before anything is done about it."""

from __future__ import annotations

from bluesky.utils import MsgGenerator

from .messages import put
from .protocols import Records, Suggestion
from .record import declare, record
from .steering import Wish


def declare_decisions(records: Records) -> MsgGenerator[None]:
    """Describe the events of stream ``decisions``, once a run."""
    yield from declare("decisions", records.decision)


def record_suggestion(
    records: Records,
    suggestion: Suggestion,
    *,
    waited: float | None = None,
    withdrawn: bool = False,
    electrons: float | None = None,
) -> MsgGenerator[tuple[float, float]]:
    """Record a suggestion as an event in stream ``decisions``; return its position (y, x) [nm].

    Parameters
    ----------
    waited
        How long the plan has waited for the agent [s].
    withdrawn
        Whether it will not be measured, since a person wants something else.
    electrons
        On the specimen so far.

    Raises
    ------
    RuntimeError
        If the suggestion names no position.
    """
    try:
        position = float(suggestion["scanner_y"]), float(suggestion["scanner_x"])
    except (KeyError, TypeError, ValueError):
        raise RuntimeError(
            f"the agent suggested {dict(suggestion)!r}: scanner_y and scanner_x [nm] are needed"
        ) from None
    about = {"_waited": waited, "_withdrawn": withdrawn, "_electrons": electrons}
    yield from _record(records, {**suggestion, **about})
    return position


def record_wish(records: Records, wish: Wish, refused: str | None) -> MsgGenerator[None]:
    """Record what a person asked for, and why the agent can't heed it if so, in stream ``decisions``."""
    about = {"_kind": wish.kind, "_radius": wish.radius, "_reason": refused or ""}
    yield from _record(records, {"scanner_y": wish.y, "scanner_x": wish.x, **about})


def record_stop(records: Records, reason: str) -> MsgGenerator[None]:
    """Record why no further point is measured, as the last event in stream ``decisions``."""
    yield from _record(records, {"_kind": "stop", "_reason": reason})


def _record(records: Records, decision: Suggestion) -> MsgGenerator[None]:
    yield from put((records.decision, decision))
    yield from record("decisions", records.decision)
