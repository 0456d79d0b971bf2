"""From the RunEngine to the catalog, while the run goes on, without ever making it wait.

This is the seam for a journal: what takes its place is a callable ``(name, doc)`` with `flush` and `close`.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

from .frame_file_consolidator import register_frame_files
from .run_delivery import RunDelivery
from .run_writer import RunWriter

logger = logging.getLogger(__name__)

# Documents that others refer to.
PARENTS = ("start", "descriptor", "resource")


class CatalogWriter:
    """A RunEngine subscriber that puts documents into the catalog from a thread of its own.

    Subscribe it with ``RE.subscribe(writer)``. A catalog that is slow, hangs or dies costs the scan nothing;
    the runs it did not take are in the backup folder.

    Parameters
    ----------
    runs
        The container of the runs, from `connect`.
    backup_folder
        Where runs go that the catalog did not take, one file ``<uid>.jsonl`` each.
    """

    def __init__(self, runs: CatalogOfBlueskyRuns, backup_folder: Path) -> None:
        register_frame_files()
        self._runs = runs
        self._backup_folder = backup_folder
        # By the uid of the run and of each document that others refer to.
        self._deliveries: dict[str, RunDelivery] = {}
        self._todo: queue.SimpleQueue[RunDelivery | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="catalog writer", daemon=True)
        self._thread.start()

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Take a document from the RunEngine; returns at once."""
        delivery = self._delivery_of(name, doc)
        if delivery is None:
            return
        delivery.add(name, doc)
        self._todo.put(delivery)

    def flush(self, timeout: float = 60.0) -> str | None:
        """Wait until the catalog has what it was given, or save that to the backup folder.

        Parameters
        ----------
        timeout
            How long to wait for the catalog [s]; what it has not taken by then, it gets no more.

        Returns
        -------
        str or None
            One line for the user that says which runs are not complete in the catalog, why, and where they
            are; None when all is well.
        """
        deadline = time.monotonic() + timeout
        deliveries = list(dict.fromkeys(self._deliveries.values()))
        for delivery in deliveries:
            if not delivery.wait(max(0.0, deadline - time.monotonic())):
                delivery.abandon(f"it did not take them within {timeout:g} s")
        reports = [report for delivery in deliveries if (report := delivery.report())]
        for delivery in deliveries:
            if delivery.ended:
                self._forget(delivery)
        return "; ".join(reports) or None

    def close(self, timeout: float = 60.0) -> str | None:
        """`flush`, and end the thread; the writer takes no documents after that."""
        report = self.flush(timeout)
        self._todo.put(None)
        # A thread that hangs in a request has nothing to lose any more, and ends with the process.
        self._thread.join(1.0)
        return report

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if report := self.close():
            logger.warning("%s", report)

    def _work(self) -> None:
        while (delivery := self._todo.get()) is not None:
            delivery.deliver()

    def _open_writer(self) -> RunWriter:
        return RunWriter(self._runs)

    def _delivery_of(self, name: str, doc: dict[str, Any]) -> RunDelivery | None:
        """Find the run that a document belongs to; None when its start document was not seen."""
        if name == "start":
            delivery: RunDelivery | None = RunDelivery(doc["uid"], self._open_writer, self._backup_folder)
        else:
            links = ("run_start", "descriptor", "resource")
            parent = next((doc[link] for link in links if link in doc), "")
            delivery = self._deliveries.get(parent)
        if delivery is not None and name in PARENTS:
            self._deliveries[doc["uid"]] = delivery
        return delivery

    def _forget(self, delivery: RunDelivery) -> None:
        for uid in [uid for uid, other in self._deliveries.items() if other is delivery]:
            del self._deliveries[uid]
