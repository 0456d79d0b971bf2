"""The runs that end, as they arrive in the catalog: what bluesky-adaptive's queue-server runner listens to.

Its own transport is 0MQ, which loses documents without a word and pickles them by default.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from tiled.client.container import Container

PERIOD = 0.2  # [s] between two looks; a look takes a few hundredths of a second
RECENT = 20  # runs looked at; more can't end between two looks

Subscriber = Callable[[str, Mapping[str, Any]], object]
_LOG = logging.getLogger(__name__)


class FinishedRuns:
    """Calls its subscribers with the start and the stop document of each run that ends.

    It has the methods of ``bluesky.callbacks.zmq.RemoteDispatcher`` that ``QueueserverClient`` uses.

    Parameters
    ----------
    runs
        The container of the runs. The client is used by the thread that calls `start`, and by no other.
    """

    def __init__(self, runs: Container) -> None:
        self._runs = runs
        self._subscribers: list[Subscriber] = []
        self._over = threading.Event()
        self._done = self._ended()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with ``("start", doc)`` and ``("stop", doc)``."""
        self._subscribers.append(subscriber)

    def start(self) -> None:
        """Look until `stop` is called; a catalog that does not answer is asked again."""
        while not self._over.wait(PERIOD):
            try:
                for uid in sorted(self._ended() - self._done):
                    self._tell(uid)
                    self._done.add(uid)
            except Exception:
                _LOG.exception("the catalog could not be asked for finished runs")

    def stop(self) -> None:
        """End `start`."""
        self._over.set()

    def _ended(self) -> set[str]:
        return {uid for uid, run in self._runs.items()[: -RECENT - 1 : -1] if "stop" in run.metadata}

    def _tell(self, uid: str) -> None:
        metadata = self._runs[uid].metadata
        for subscriber in self._subscribers:
            subscriber("start", metadata["start"])
            subscriber("stop", metadata["stop"])
