"""The documents of one run, as they are in its journal, into Tiled."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from bluesky_tiled_plugins.writing.tiled_writer import RunNormalizer
from event_model import DocumentNames

from ..adapters.frame_container_consolidator import register_frame_containers
from ..adapters.frame_file_consolidator import register_frame_files
from ..error import CatalogError
from .declared_types import DeclaredTypes
from .high_water_mark import Event
from .reattaching_writer import ReattachingWriter


class RunWriter:
    """Brings a run's documents to the form that the catalog has, and writes them in batches of any size.

    TiledWriter's batches have a fixed size. With 1, quick points are far ahead of the catalog, for a request
    takes 40 ms and more, however little is in it; with any other, live consumers wait for a batch to fill.

    Parameters
    ----------
    runs
        The container of the runs.
    retaken
        What an earlier writer of this run found; see `ReattachingWriter`.
    """

    def __init__(
        self, runs: CatalogOfBlueskyRuns, retaken: defaultdict[str, set[Event]] | None = None
    ) -> None:
        register_frame_files()
        register_frame_containers()
        self._declare = DeclaredTypes()
        self._normalize = Normalizer()
        self._writer = ReattachingWriter(runs, defaultdict(set) if retaken is None else retaken)
        # It keeps a weak reference only.
        self._normalize.subscribe(self._writer)

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Take the run's next document, from the start document on; it may be changed.

        Raises
        ------
        httpx.HTTPError
            If the server is not there or does not do it. This writer can't be used any more.
        Differs, CatalogError
            At the stop document, if the catalog does not have what came before; see `compare`. At a document
            of a kind that nobody knows.
        """
        if name not in DocumentNames.__members__:
            raise CatalogError(
                f"its journal has a document of the unknown kind {name!r}: "
                "forward it with the version of stemline that wrote it"
            )
        self._normalize(name, self._declare(name, doc))

    def write_waiting(self) -> None:
        """Write what was taken; raises as a call does."""
        self._writer.write_waiting()


class Normalizer(RunNormalizer):  # type: ignore[misc]
    """Brings documents to the newest schema, as TiledWriter does, and takes the RunEngine's word for events.

    Checking an event against the JSON schema takes two thirds of the time that it takes to forward it.
    """

    def emit(self, name: Any, doc: Any) -> None:
        """Hand a document on."""
        if name is DocumentNames.event:
            self.dispatcher.process(name, doc)
        else:
            super().emit(name, doc)
