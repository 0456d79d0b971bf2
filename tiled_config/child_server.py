"""A Python module of ours as a process of its own: told what to do on stdin, ends when we end.

The settings go as one JSON line, so that a key in them is in no argument list and no environment; the module
answers with one JSON line, ``{"error": ...}`` or what it has to say, and lives as long as its stdin is open.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from .error import CatalogError


class ChildServer:
    """The process, seen from its parent.

    Parameters
    ----------
    name
        What it is, for messages: "the forwarder".
    module
        What it runs, ``python -m``.
    log_file
        Where its messages and tracebacks go.
    environment
        All that it gets; by default our own.
    """

    def __init__(
        self, name: str, module: str, log_file: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._name, self._module, self._log_file = name, module, log_file
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Of the process, None when there is none."""
        return None if self._process is None else self._process.pid

    def start(self, settings: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """Start it, and wait for its answer, `timeout` [s].

        Raises
        ------
        CatalogError
            If it answers with an error, ends, or takes too long; it has ended then.
        """
        with self._log_file.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=None if self._environment is None else dict(self._environment),
                # Ctrl-C in a terminal reaches us alone, and we end it when nobody needs it any more.
                start_new_session=True,
            )
        try:
            return self._handshake(self._process, settings, timeout)
        except BaseException:
            self.stop(0.0)
            raise

    def stop(self, timeout: float) -> None:
        """Have it end, and kill it after `timeout` [s]; harmless when it has ended."""
        process = self._process
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    def wait(self) -> int:
        """Wait until it ends by itself; returns its exit code."""
        return 0 if self._process is None else self._process.wait()

    def died(self) -> CatalogError:
        """Say that it ended, and why, for raising."""
        code = None if self._process is None else self._process.poll()
        return CatalogError(
            f"{self._name} ended (exit code {code}): {_last_error(self._log_file)}; see {self._log_file}"
        )

    def _handshake(
        self, process: subprocess.Popen[str], settings: Mapping[str, Any], timeout: float
    ) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(settings) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            process.wait()
            raise self.died() from None
        line = _read_line(process.stdout, timeout)
        if line is None:
            raise CatalogError(f"{self._name} did not answer within {timeout:g} s: see {self._log_file}")
        if not line:
            process.wait()
            raise self.died()
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise CatalogError(message["error"])
        return message


def settings() -> dict[str, Any]:
    """In the process: what the parent wants."""
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    return told


def answer(message: Mapping[str, Any]) -> None:
    """In the process: tell the parent, once; what is printed later goes to the log."""
    print(json.dumps(message), flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def end_with_parent(end: Callable[[], None], patience: float) -> None:
    """In the process: call `end` when the parent has gone or wants it, and exit `patience` [s] later."""

    def watch() -> None:
        sys.stdin.read()
        end()
        time.sleep(patience)
        os._exit(1)

    threading.Thread(target=watch, name="ends with parent", daemon=True).start()


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
