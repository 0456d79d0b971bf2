"""Background proposers: an agent in a process of its own, or in the caller's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .make_agent import make_agent
from .messages import receive, send
from .process_end import how_it_ended, last_words

GRACE = 1.0  # [s] an idle process has to end by itself
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class AgentError(RuntimeError):
    """The agent failed; the message says how."""


class InlineProposer:
    """An agent in this process: `submit` returns when it has answered. For tests and scripts.

    Parameters
    ----------
    features
        Of the candidates, ``(n, d)``.
    positions
        ``(n, 2)`` as (y, x) [nm].
    options
        See `Options`.

    Raises
    ------
    ValueError
        In one line, if an option, a feature or a position is impossible.
    """

    def __init__(
        self, features: NDArray[np.float64], positions: NDArray[np.float64], options: Mapping[str, Any]
    ) -> None:
        self._agent = make_agent(features, positions, options)

    def submit(self, method: str, *args: Any) -> Future[Any]:
        """Call `method` of the agent now; the future is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(getattr(self._agent, method)(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing is open."""


class WorkerProposer:
    """An agent in a process of its own, with one thread, which Ctrl-C does not reach.

    Not `multiprocessing`: a spawned process runs the user's script again, and is interrupted while it starts.

    Parameters
    ----------
    features, positions, options
        As for `InlineProposer`.
    log_file
        What the process prints is appended to it; by default it goes where this one's does.

    Raises
    ------
    ValueError
        In one line, if an option, a feature or a position is impossible.
    AgentError
        If the process does not start.
    """

    def __init__(
        self,
        features: NDArray[np.float64],
        positions: NDArray[np.float64],
        options: Mapping[str, Any],
        log_file: Path | None = None,
    ) -> None:
        self._log_file = log_file
        with ExitStack() as stack:
            log = None if log_file is None else stack.enter_context(log_file.open("ab"))
            self._log_start = 0 if log is None else log.tell()
            self._process = subprocess.Popen(
                # With faulthandler a crash inside a library leaves a traceback too.
                [sys.executable, "-P", "-X", "faulthandler", "-m", "stemline.agents.serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,  # out of the terminal's reach, from the first instant on
            )
        self._waiting: deque[Future[Any]] = deque()
        self._lock = threading.Lock()
        self._over: AgentError | None = None
        self._reader = threading.Thread(target=self._read_answers, name="agent", daemon=True)
        self._reader.start()
        try:
            self._request([features, positions, dict(options)]).result()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def submit(self, method: str, *args: Any) -> Future[Any]:
        """Call `method` of the agent; the future holds its answer, its ValueError or an AgentError."""
        return self._request([method, list(args)])

    def close(self) -> None:
        """End the process, whatever it is doing; futures without an answer fail. May be called twice."""
        with self._lock:
            self._over = self._over or AgentError("the agent was closed")
            assert self._process.stdin is not None
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if threading.current_thread() is not self._reader:
            self._reader.join()

    def _request(self, message: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # sent is sent: a cancelled call would still be answered
        with self._lock:
            if self._over is not None:
                future.set_exception(self._over)
                return future
            self._waiting.append(future)
            assert self._process.stdin is not None
            # A process that has just died can't be written to; the reader knows why, and tells the future.
            with suppress(OSError):
                send(self._process.stdin, message)
        return future

    def _read_answers(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream, suppress(EOFError):
            while True:
                answer = receive(stream)
                future = self._waiting.popleft()
                if answer[0] == "ok":
                    future.set_result(answer[1])
                else:
                    future.set_exception(self._error(*answer[1:]))
        code = self._process.wait()
        with self._lock:
            self._over = self._over or AgentError(self._obituary(code))
            waiting, error = list(self._waiting), self._over
            self._waiting.clear()
        for future in waiting:
            future.set_exception(error)

    def _error(self, kind: str, text: str) -> Exception:
        return ValueError(text) if kind == "ValueError" else AgentError(f"agent: {kind}: {text}{self._see()}")

    def _obituary(self, code: int) -> str:
        said = "" if self._log_file is None else last_words(self._log_file, self._log_start)
        ended = f"the agent's process (pid {self._process.pid}) {how_it_ended(code)}"
        return f"{ended}{f': {said}' if said else ''}{self._see()}"

    def _see(self) -> str:
        return f": see {self._log_file or 'what it wrote to the standard error of this program'}"
