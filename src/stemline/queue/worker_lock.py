"""A lock that the queue server's worker holds while it lives.

The RE manager does not notice that its worker was killed: it goes on showing a running plan. The kernel frees
this lock when the worker's process ends, however it ends, so whoever can take the lock knows.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import IO

from bluesky_queueserver import is_re_worker_active

CLOSING = 60.0  # [s] that the session of the worker before may still take to close


def lock_file(data: Path) -> Path:
    """Where the lock of a session's data folder is."""
    return data / "queue" / "worker.lock"


def hold_if_worker(data: Path) -> IO[str] | None:
    """Take the lock for the rest of this process, if it is a worker; None in any other process.

    Raises
    ------
    TimeoutError
        If another worker has had the lock for a minute.
    """
    if not is_re_worker_active():
        return None
    path = lock_file(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    deadline = time.monotonic() + CLOSING
    while not _take(file):
        if time.monotonic() > deadline:
            file.close()
            raise TimeoutError(
                f"{path}: another RE worker ({path.read_text().strip()}) has this data folder: "
                "close its environment"
            )
        time.sleep(0.1)
    file.truncate(0)
    file.write(f"process {os.getpid()}\n")
    file.flush()
    return file


def is_held(data: Path) -> bool:
    """Whether a worker lives."""
    path = lock_file(data)
    if not path.exists():
        return False
    with path.open("a+") as file:
        return not _take(file)  # closing the file gives the lock back


def wait_until_free(data: Path) -> None:
    """Wait until the worker has closed its session, for a minute at most."""
    deadline = time.monotonic() + CLOSING
    while is_held(data) and time.monotonic() < deadline:
        time.sleep(0.1)


def end_worker(data: Path) -> None:
    """Have the worker abort its run and end, and wait for that; harmless when there is none."""
    if is_held(data):
        os.kill(int(lock_file(data).read_text().split()[1]), signal.SIGTERM)
        wait_until_free(data)


def _take(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
