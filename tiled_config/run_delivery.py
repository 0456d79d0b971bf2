"""The documents of one run on their way to the catalog, or, when it does not take them, to a file."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from event_model import NumpyEncoder

from .declared_types import DeclaredTypes

logger = logging.getLogger(__name__)


class Writer(Protocol):
    """Puts documents into the catalog; raises when that failed."""

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Take the run's next document."""
        ...

    def write_waiting(self) -> None:
        """Write what was taken."""
        ...


class RunDelivery:
    """Keeps a run's documents until the catalog has all of them.

    After the first failure the catalog gets nothing more of this run, its stop document least of all: what is
    there is known to be incomplete, and the file holds the whole run, from the start document on.

    Parameters
    ----------
    uid
        Of the run.
    open_writer
        Called when the first document is delivered, for it may ask the server and wait for its answer.
    backup_folder
        Where the file ``<uid>.jsonl`` goes, if it has to; lines ``{"name": ..., "doc": ...}``.
    """

    def __init__(self, uid: str, open_writer: Callable[[], Writer], backup_folder: Path) -> None:
        self.uid = uid
        self.backup_file = backup_folder / f"{uid}.jsonl"
        self.problem: str | None = None
        self._open_writer = open_writer
        self._writer: Writer | None = None
        self._declared = DeclaredTypes()
        self._documents: list[tuple[str, dict[str, Any]]] = []
        self._delivered = 0
        self._saved = 0
        self._lost: str | None = None
        self._changed = threading.Condition()

    def add(self, name: str, doc: dict[str, Any]) -> None:
        """Take a document; returns at once."""
        with self._changed:
            self._documents.append((name, doc))

    def deliver(self) -> None:
        """Put what is waiting where it belongs."""
        with self._changed:
            if self.problem is not None:
                self._save()
                return
            waiting = self._documents[self._delivered :]
        if not waiting:
            return
        try:
            if self._writer is None:
                self._writer = self._open_writer()
            for name, doc in waiting:
                self._writer(name, self._declared(name, doc))
            self._writer.write_waiting()
        except Exception as error:
            # Whatever the client raises: the scan must not see it, and the user sees one line at the end.
            logger.debug("the catalog did not take run %s", self.uid, exc_info=True)
            self.abandon(repr(error).splitlines()[0])
        else:
            with self._changed:
                self._delivered += len(waiting)
                self._changed.notify_all()

    def abandon(self, problem: str) -> None:
        """Give up on the catalog for this run and save what there is of it."""
        with self._changed:
            if self.problem is None:
                self.problem = problem
            self._save()

    def wait(self, timeout: float) -> bool:
        """Wait until the catalog has every document so far, or never will; False after `timeout` [s]."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.problem is not None or self._delivered == len(self._documents), timeout
            )

    @property
    def ended(self) -> bool:
        """Whether the run's stop document was added."""
        with self._changed:
            return bool(self._documents) and self._documents[-1][0] == "stop"

    def report(self) -> str | None:
        """One line that says what is not in the catalog, None when nothing is missing."""
        if self.problem is None:
            return None
        where = (
            f"its documents are in {self.backup_file}"
            if self._lost is None
            else f"its documents are lost, for {self.backup_file} can't be written ({self._lost})"
        )
        return f"run {self.uid} is not complete in the catalog ({self.problem}): {where}"

    def _save(self) -> None:
        """Append what is not yet in the file; the caller holds the lock."""
        try:
            self.backup_file.parent.mkdir(parents=True, exist_ok=True)
            with self.backup_file.open("a") as file:
                for name, doc in self._documents[self._saved :]:
                    file.write(json.dumps({"name": name, "doc": doc}, cls=NumpyEncoder) + "\n")
        except OSError as error:
            self._lost = str(error.strerror)
        else:
            self._saved = len(self._documents)
            self._lost = None
        self._changed.notify_all()
