"""The IOC of a session, in a process of its own."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from stemline.devices.ioc.config import IOCConfig

START_TIMEOUT = 60.0  # [s]; a busy machine needs ten times what importing takes on an idle one
ANSWER_TIMEOUT = 1.5  # [s] in which a living IOC says that it is about to end
STOP_TIMEOUT = 10.0  # [s]; the IOC ends its driver's process first


class IOCError(RuntimeError):
    """The IOC does not start; the message says why."""


class IOCProcess:
    """An IOC that lives for a ``with`` block, and never outlives its parent.

    Parameters
    ----------
    config
        What it serves.
    log_file
        Where its messages and tracebacks go.
    """

    def __init__(self, config: IOCConfig, log_file: Path) -> None:
        self._config = config
        self._log_file = log_file
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> Self:
        """Start it and wait until it serves.

        Raises
        ------
        IOCError
            If it does not; it has ended then.
        """
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "stemline.devices.ioc"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl-C in a terminal reaches the session alone, which aborts through a living IOC.
                start_new_session=True,
            )
        try:
            self.port = self._handshake(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def stop(self) -> None:
        """Let it blank, end its driver and exit; end one that is frozen. Harmless when it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        if not _says_something(process, ANSWER_TIMEOUT):
            process.kill()  # its driver's process blanks, and ends, when the IOC is gone
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _handshake(self, process: subprocess.Popen[str]) -> int:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self._config.model_dump_json() + "\n")
        process.stdin.flush()
        if not _says_something(process, START_TIMEOUT):
            raise IOCError(f"the IOC did not answer within {START_TIMEOUT:g} s: see {self._log_file}")
        line = process.stdout.readline()
        if not line:
            raise IOCError(f"the IOC ended (exit code {process.wait()}): see {self._log_file}")
        message = json.loads(line)
        if "error" in message:
            raise IOCError(message["error"])
        return int(message["port"])


def _says_something(process: subprocess.Popen[str], timeout: float) -> bool:
    """Wait until there is something to be read from it, its end included."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return bool(selector.select(timeout))
