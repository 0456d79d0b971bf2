"""The embedded catalog: a Tiled server in its own process, over one data folder."""

from __future__ import annotations

import json
import re
import selectors
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .config import CatalogConfig, api_key, prepare_folder
from .error import CatalogError

# The server itself gives up on open connections after 3 s.
STOP_TIMEOUT = 10.0  # [s]


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
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self._api_key = ""

    def __repr__(self) -> str:
        state = self.url if self.alive else "stopped"
        return f"CatalogServer({self.config.folder}, {state})"

    @property
    def alive(self) -> bool:
        """Whether the server's process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def url(self) -> str:
        """Address of the server, without the key: fit for a screen and for a log."""
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        return f"http://{host}:{self._port}"

    @property
    def uri(self) -> str:
        """Address of the API, what `connect` takes."""
        return f"{self.url}/api/v1"

    @property
    def api_key(self) -> str:
        """The secret that opens the catalog; also in the file ``api_key`` of the folder."""
        return self._api_key

    @property
    def web_url(self) -> str:
        """Address of the web pages with the key in it: for the user's own screen only, never for a log."""
        return f"{self.url}/?api_key={self._api_key}"

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
        self._api_key = api_key(config.folder)
        settings = {
            "folder": str(config.folder),
            "host": config.host,
            "port": config.port,
            "readable": [str(path) for path in config.readable],
            "api_key": self._api_key,
        }
        with config.log_file.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "stemline.tiled_config.server_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl-C in a terminal reaches us alone: the run's last documents still find a catalog.
                start_new_session=True,
            )
        try:
            self._port = self._handshake(self._process, settings)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server; harmless when it has ended."""
        process = self._process
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    def wait(self) -> None:
        """Block for as long as the server runs.

        Raises
        ------
        CatalogError
            When it ends by itself.
        """
        if self._process is not None:
            self._process.wait()
            raise self._died()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _handshake(self, process: subprocess.Popen[str], settings: dict[str, object]) -> int:
        """Send the settings, wait for the answer, return the port."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(settings) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            process.wait()
            raise self._died() from None
        line = _read_line(process.stdout, self.config.start_timeout)
        if line is None:
            raise CatalogError(
                f"catalog server did not answer within {self.config.start_timeout:g} s: "
                f"see {self.config.log_file}, or raise start_timeout"
            )
        if not line:
            process.wait()
            raise self._died()
        message = json.loads(line)
        if "error" in message:
            raise CatalogError(message["error"])
        return int(message["port"])

    def _died(self) -> CatalogError:
        code = self._process.returncode if self._process is not None else None
        return CatalogError(
            f"catalog server ended (exit code {code}): {_last_error(self.config.log_file)}; "
            f"see {self.config.log_file}"
        )


def serve(config: CatalogConfig, announce: Callable[[CatalogServer], None]) -> None:
    """Run the catalog until Ctrl-C: what `stemline catalog` does.

    Parameters
    ----------
    config
        The catalog.
    announce
        Called once, when the server answers.

    Raises
    ------
    CatalogError
        If the server does not start, or ends by itself.
    """
    with CatalogServer(config) as server:
        announce(server)
        try:
            server.wait()
        except KeyboardInterrupt:
            return


def _read_line(pipe: IO[str], timeout: float) -> str | None:
    """One line from `pipe`, "" at its end, None when there is none within `timeout` [s]."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        if not selector.select(timeout):
            return None
    return pipe.readline()


def _close(pipe: IO[str]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        # What was not yet sent can't be sent any more; the pipe is closed all the same.
        return


def _last_error(path: Path) -> str:
    """Find the last line of a log that names an error, or the last one that says anything."""
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception): ", line)]
    return (errors or lines or ["it left no message"])[-1]
