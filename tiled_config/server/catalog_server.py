"""The embedded catalog: a Tiled server in its own process, over one data folder."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from ..child_server import ChildServer
from ..config import CatalogConfig, prepare_folder
from .catalog_lock import served_port
from .keys import Keys, make_keys

# The server itself gives up on open connections after 3 s.
STOP_TIMEOUT = 10.0  # [s]
# Tiled's variables would override its file; HDF5 loads code from where its own point to.
NOT_INHERITED = ("TILED_", "HDF5_PLUGIN_")


class CatalogServer:
    """A Tiled server, from `start` to `stop` or for a ``with`` block; it never outlives its parent.

    Parameters
    ----------
    config
        Where it keeps its data, where it listens, what it may read.
    """

    def __init__(self, config: CatalogConfig) -> None:
        # The server works in its data folder: what it is told must not depend on where we stand.
        self.config = config.model_copy(
            update={
                "folder": config.folder.expanduser().absolute(),
                "readable": tuple(path.expanduser().absolute() for path in config.readable),
            }
        )
        self._child = ChildServer(
            "catalog server",
            "stemline.tiled_config.server.process",
            self.config.log_file,
            {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)},
        )
        self._port = 0
        self._keys = Keys("", "", "", "")

    def __repr__(self) -> str:
        state = self.url if self.alive else "stopped"
        return f"CatalogServer({self.config.folder}, {state})"

    @property
    def alive(self) -> bool:
        """Whether the server's process runs."""
        return self._child.alive

    @property
    def pid(self) -> int | None:
        """Of the server's process, None when there is none."""
        return self._child.pid

    @property
    def url(self) -> str:
        """Address of the server, without the key: fit for a screen and for a log."""
        return _url(self.config.host, self._port)

    @property
    def uri(self) -> str:
        """Address of the API, what `connect` takes."""
        return f"{self.url}/api/v1"

    @property
    def keys(self) -> Keys:
        """The keys of all roles; also in the folder ``keys``."""
        return self._keys

    @property
    def api_key(self) -> str:
        """The acquisition's key: it may write and register in ``runs``."""
        return self._keys.acquisition

    @property
    def agent_key(self) -> str:
        """An agent's or a consumer's key: it may read everything and write in ``derived``."""
        return self._keys.agent

    @property
    def viewer_key(self) -> str:
        """A key that may only read."""
        return self._keys.viewer

    @property
    def web_url(self) -> str:
        """Address of the web pages, with the viewer's key in it: for the user's own screen, not for a log."""
        return web_url(self.url, self.viewer_key)

    def start(self) -> Self:
        """Start the server and wait until it answers.

        Raises
        ------
        CatalogError
            If it does not start: folder not writable or already served, port in use, server died, too slow.
        """
        if self.alive:
            return self
        config = self.config
        prepare_folder(config.folder)
        self._keys = make_keys(config.folder)
        settings = {
            "folder": str(config.folder),
            "host": config.host,
            # One that is started again is found where it was.
            "port": self._port or config.port,
            "readable": [str(path) for path in config.readable],
        }
        self._port = int(self._child.start(settings, config.start_timeout)["port"])
        return self

    def stop(self) -> None:
        """End the server; harmless when it has ended."""
        self._child.stop(STOP_TIMEOUT)

    def wait(self) -> None:
        """Block for as long as the server runs.

        Raises
        ------
        CatalogError
            When it ends by itself.
        """
        if self.pid is not None:
            self._child.wait()
            raise self._child.died()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def served_uri(config: CatalogConfig) -> str | None:
    """Find the server that another process has started on a catalog's folder.

    Returns
    -------
    str or None
        Address of its API; None if nobody serves this folder, or not yet.
    """
    port = served_port(config.folder)
    return None if port is None else f"{_url(config.host, port)}/api/v1"


def web_url(url: str, viewer_key: str) -> str:
    """Address of the web pages of a server at `url`, with the viewer's key in it."""
    return f"{url}/ui/browse/runs/?api_key={viewer_key}"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
