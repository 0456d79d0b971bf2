"""How far the catalog is behind what was measured: the journal folder at a glance."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ..journal.file import is_written, journals
from .backlog import Backlog, oldest
from .status import FORWARDED, forwarder_lives, last_status


@dataclass(frozen=True)
class JournalStatus:
    """The journals of a session.

    Attributes
    ----------
    pending
        Runs that ended, or whose process died, and are not all in the catalog.
    measured
        Runs that are being measured.
    forwarded
        Runs that the catalog has.
    behind
        Documents that are not in the catalog. Nobody knows if there is no forwarder: then all of those in the
        journals that are not put away.
    seconds_behind
        Age of the oldest of them [s], None if there is none.
    forwarder
        Process id of the forwarder, None if there is none.
    catalog
        Address of the catalog that it writes, or wrote, to.
    error
        What is wrong, None if nothing is.
    set_aside
        By uid, why the catalog does not take a run.
    """

    pending: int
    measured: int
    forwarded: int
    behind: int
    seconds_behind: float | None
    forwarder: int | None
    catalog: str | None
    error: str | None
    set_aside: dict[str, str]

    def lines(self) -> list[str]:
        """Say it to a person."""
        age = "" if self.seconds_behind is None else f", the oldest {self.seconds_behind:.1f} s old"
        at_most = "" if self.forwarder is not None or not self.behind else "at most "
        last = ", when it was last forwarded" if self.forwarder is None and self.catalog else ""
        what = {
            "runs": f"{self.pending} pending, {self.measured} being measured, {self.forwarded} forwarded",
            "behind": f"{at_most}{self.behind} documents{age}",
            "forwarder": "not running" if self.forwarder is None else f"running, process {self.forwarder}",
            "catalog": (self.catalog or "none yet") + last,
            "error": self.error or "none",
        }
        aside = [f"{'set aside':<10} {line}" for line in self.set_aside.values()]
        return [f"{name:<10} {text}" for name, text in what.items()] + aside


def journal_status(folder: Path) -> JournalStatus:
    """Look at a journal folder; it need not exist."""
    here = journals(folder)
    measured = [path for path in here if is_written(path)]
    said = last_status(folder)
    lives = forwarder_lives(folder)
    if said is not None and lives:
        behind, since, error = said.behind, said.oldest, said.error
    else:
        behind = sum(Backlog().behind(path) for path in here)
        since = min((when for path in here if (when := oldest(path)) is not None), default=None)
        error = "no forwarder is running: `stemline forward` starts one" if here else None
    return JournalStatus(
        pending=len(here) - len(measured),
        measured=len(measured),
        forwarded=len(journals(folder / FORWARDED)),
        behind=behind,
        seconds_behind=None if since is None else max(0.0, time.time() - since),
        forwarder=said.pid if said is not None and lives else None,
        catalog=None if said is None else said.catalog,
        error=error,
        set_aside={} if said is None else said.set_aside,
    )
