"""SIGTERM and SIGHUP at a prompt and in the queue's worker: the run aborted, beam off, everything closed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

from bluesky import RunEngine

# For the plan's cleanup: files closed, beam blanked. Each variable of a dead IOC is waited for 2 s.
PATIENCE = 30.0  # [s]
LOOK = 0.02  # [s]


def close_on_sigterm(engine: RunEngine, close: Callable[[], None]) -> None:
    """Have these signals end this process in order; `stemline run` has a way of its own.

    Nothing is done outside of the main thread, where Python takes no signals.

    Parameters
    ----------
    engine
        Its run is aborted, and the name of the signal is the reason in the stop document.
    close
        Closes the session.
    """

    def end(number: int, frame: object) -> None:
        for polite in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(polite, signal.SIG_IGN)
        try:
            _abort(engine, f"stopped by {signal.Signals(number).name}")
            close()
        finally:
            # Not an exception: IPython and the worker would catch it, and go on.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    if threading.current_thread() is threading.main_thread():
        for polite in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(polite, end)


def _abort(engine: RunEngine, reason: str) -> None:
    """Abort, and wait for the cleanup, which runs in the engine's own thread."""
    if engine.state == "idle":
        return
    engine.abort(reason)
    deadline = time.monotonic() + PATIENCE
    while engine.state != "idle" and time.monotonic() < deadline:
        time.sleep(LOOK)
