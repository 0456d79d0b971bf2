"""The journal of one run on its way into the catalog."""

from __future__ import annotations

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

from ..error import CatalogError
from ..journal.file import read
from .high_water_mark import Differs, Event
from .run_writer import RunWriter
from .status import FORWARDED

logger = logging.getLogger(__name__)

# One request takes some thousand events, and a backlog does not have to fit into memory.
BATCH = 4 << 20  # [bytes]
# A run that differs is written afresh; if that does not help, it is not the crash of something.
PATIENCE = 3


class RunForwarding:
    """Follows one journal, and moves it away when the catalog has all of it.

    What the catalog has is asked of the catalog: after any failure, and at the beginning, the journal is read
    from its first line, and only what is missing is written.

    Parameters
    ----------
    path
        The journal; it is moved to the folder ``forwarded`` beside it.

    Attributes
    ----------
    forwarded : int
        Documents that the catalog has.
    offset : int
        Where they end in the journal [bytes].
    done : bool
        The catalog has all of it, the stop document among it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.forwarded = self.offset = 0
        self.done = False
        self._retaken: defaultdict[str, set[Event]] = defaultdict(set)
        self._writer: RunWriter | None = None
        self._read = self._count = 0
        self._afresh = 0

    def forward(self, runs: CatalogOfBlueskyRuns) -> bool:
        """Write what is waiting, up to a limit; returns whether there was something.

        Raises
        ------
        httpx.HTTPError
            If the server is not there or does not take it; call again.
        JournalError, CatalogError
            If it is for a person to look at.
        """
        if self._writer is None:
            self._read = self._count = 0
        elif self.path.stat().st_size == self._read:
            return False
        documents, end = read(self.path, self._read, BATCH)
        if not documents:
            return False
        writer, self._writer = self._writer or RunWriter(runs, self._retaken), None
        try:
            for name, doc in documents:
                writer(name, doc)
            writer.write_waiting()
        except Differs as difference:
            self._begin_afresh(runs, difference)
            return True
        # It has raised nothing, so it can go on.
        self._writer = writer
        self._read, self._count = end, self._count + len(documents)
        if self._read > self.offset:
            self.offset, self.forwarded = self._read, self._count
        if documents[-1][0] == "stop":
            self._put_away()
        return True

    def _begin_afresh(self, runs: Any, difference: Differs) -> None:
        self._afresh += 1
        uid = self.path.stem
        if self._afresh > PATIENCE:
            raise CatalogError(
                f"run {uid} is not right in the catalog ({difference}), however often it is written"
            )
        logger.warning("run %s differs in the catalog (%s): it is written afresh", uid, difference)
        # Frame files stay: the catalog does not own them.
        runs.delete_contents(uid, recursive=True, external_only=False)

    def _put_away(self) -> None:
        folder = self.path.parent / FORWARDED
        folder.mkdir(exist_ok=True)
        self.path.rename(folder / self.path.name)
        self.done = True
