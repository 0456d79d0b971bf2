"""The forwarder in a process of its own, which may die and be started again at any time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ..child_server import ChildServer
from ..error import CatalogError
from ..journal.file import is_written, journals
from .status import forwarder_lives, last_status

START_TIMEOUT = 30.0  # [s]
STOP_TIMEOUT = 5.0  # [s]
LOOK = 0.02  # [s]
# Tiled's client would try a request again for 45 s on its own, an append of which it can't know the outcome
# among them: the forwarder asks the server first.
NO_RETRIES = {"TILED_RETRY_ATTEMPTS": "1"}


class ForwarderProcess:
    """Puts the journals of a folder into a catalog, from `start` to `stop` or for a ``with`` block.

    Parameters
    ----------
    journal_folder
        What to follow; made if it is not there. Its log is ``forwarder.log``.
    uri
        Address of the catalog's API; it may be away, now and later.
    api_key
        Its secret.
    once
        End when nothing is waiting.
    """

    def __init__(self, journal_folder: Path, uri: str, api_key: str, *, once: bool = False) -> None:
        self.folder = journal_folder.expanduser().absolute()
        self._settings = {"folder": str(self.folder), "uri": uri, "api_key": api_key, "once": once}
        self._child = ChildServer(
            "the forwarder",
            "stemline.tiled_config.forwarder.process",
            self.folder / "forwarder.log",
            environment={**os.environ, **NO_RETRIES},
        )

    def __repr__(self) -> str:
        return f"ForwarderProcess({self.folder}, {'running' if self.alive else 'stopped'})"

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._child.alive

    @property
    def pid(self) -> int | None:
        """Of the process, None when there is none."""
        return self._child.pid

    def start(self) -> Self:
        """Start to forward.

        Raises
        ------
        CatalogError
            If another process forwards these journals, the folder can't be made, or it does not start.
        """
        if not self.alive:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CatalogError(
                    f"journal folder {self.folder} can't be used ({error.strerror}): "
                    "set `data` to a folder you can write to"
                ) from error
            self._child.start(self._settings, START_TIMEOUT)
        return self

    def stop(self) -> None:
        """End it, whatever is still waiting; harmless when it has ended."""
        self._child.stop(STOP_TIMEOUT)

    def wait(self) -> int:
        """Wait until it ends by itself; exit code 1 if there are runs that the catalog does not take."""
        return self._child.wait()

    def flush(self, timeout: float = 60.0) -> str | None:
        """Wait until the catalog has every run that nobody measures any more.

        If no forwarder follows the journals, this one is started.

        Parameters
        ----------
        timeout
            How long [s].

        Returns
        -------
        str or None
            One line for the user that says which runs it does not have, and why; None when all is well.
        """
        deadline = time.monotonic() + timeout
        if not self._followed():
            self.start()
        while pending := [path for path in journals(self.folder) if not is_written(path)]:
            status = last_status(self.folder)
            refused = {} if status is None else status.set_aside
            given_up = all(path.stem in refused for path in pending)
            if given_up or time.monotonic() > deadline or not self._followed():
                names = ", ".join(path.stem for path in pending)
                why = (status.error if status is not None else None) or f"not within {timeout:g} s"
                return f"not all in the catalog ({why}): nothing is lost, run {names} is in {self.folder}"
            time.sleep(LOOK)
        return None

    def _followed(self) -> bool:
        """Whether this process, or another forwarder, is at work."""
        return self.alive or forwarder_lives(self.folder)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
