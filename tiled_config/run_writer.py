"""One run into Tiled, in batches as large as what is waiting."""

from __future__ import annotations

from typing import Any

from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from bluesky_tiled_plugins.writing.tiled_writer import RunNormalizer, _RunWriter

# Never reached: `write_waiting` ends a batch.
UNLIMITED = 1_000_000_000


class RunWriter:
    """What TiledWriter makes for each run, with a batch that ends when its owner says so.

    TiledWriter's batches have a fixed size. With 1, quick points are far ahead of the catalog, for a request
    takes 40 ms and more, however little is in it; with any other, live consumers wait for a batch to fill.

    Parameters
    ----------
    runs
        The container of the runs; it is asked again, so this waits for the server.
    """

    def __init__(self, runs: CatalogOfBlueskyRuns) -> None:
        self._normalize = RunNormalizer()
        self._run = _RunWriter(runs.include_data_sources(), batch_size=UNLIMITED)
        self._normalize.subscribe(self._run)

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Take the run's next document."""
        self._normalize(name, doc)
        if name == "stop":
            # It has written all there was, and not forgotten it.
            self._run._external_data_cache.clear()

    def write_waiting(self) -> None:
        """Write what was taken: files before events, so that who sees an event finds its frame."""
        run = self._run
        for datum in run._external_data_cache.values():
            run._write_external_data(datum)
        run._external_data_cache.clear()
        for stream, rows in run._internal_data_cache.items():
            if rows:
                run._write_internal_data(rows, desc_node=run._desc_nodes[stream])
                rows.clear()
