"""One acquisition at a time, in a thread of its own, so that no request has to wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..nion.wire import AcquisitionFailed, BadRequest, Busy, NionError

POLL = 0.5  # [s] that a request waits for the end of a job at most


@dataclass(eq=False)
class Job:
    """What one acquisition and those who ask for it know of each other.

    Nion's own signs of an abort can't be trusted (an aborted scan looks complete): `aborted` is what counts.

    Attributes
    ----------
    cancel
        Ends the acquisition at the hardware; set by the acquisition.
    progress
        Share that has been done.
    partial
        What can be told of it while it runs, such as the file that is growing.
    """

    number: int
    kind: str
    aborted: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    cancel: Callable[[], None] = lambda: None
    progress: float = 0.0
    partial: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    def abort(self) -> None:
        """End it; more than once does no harm."""
        self.aborted.set()
        self.cancel()


Acquire = Callable[[Job], dict[str, Any]]


class Jobs:
    """Starts acquisitions, tells how they are, and ends them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._last = 0

    def start(self, kind: str, acquire: Acquire) -> int:
        """Start an acquisition and return its number.

        Raises
        ------
        Busy
            If there is one in progress.
        """
        with self._lock:
            self.check_idle()
            self._last += 1
            job = self._job = Job(self._last, kind)
        threading.Thread(target=_run, args=(job, acquire), name=f"{kind} {job.number}", daemon=True).start()
        return job.number

    def check_idle(self) -> None:
        """Raise `Busy` if there is an acquisition in progress."""
        if self._job is not None and not self._job.done.is_set():
            raise Busy(f"a {self._job.kind} is in progress: wait for it, or abort it")

    def poll(self, number: int, wait: float) -> dict[str, Any]:
        """Wait up to `wait` [s], half a second at most, and tell how an acquisition is.

        Raises
        ------
        AcquisitionFailed
            If it failed.
        BadRequest
            If there is no such acquisition; a new server knows none of the last one's.
        """
        job = self._job
        if job is None or job.number != number:
            raise BadRequest(f"there is no acquisition {number}: was the Nion server restarted meanwhile?")
        if not job.done.wait(min(wait, POLL)):
            return {"state": "running", "progress": job.progress, "partial": job.partial}
        if job.aborted.is_set():
            return {"state": "aborted"}
        if job.error:
            raise AcquisitionFailed(job.error)
        return {"state": "done", "result": job.result}

    def abort(self, kind: str | None = None) -> None:
        """End the acquisition in progress, if it is of this kind."""
        job = self._job
        if job is not None and not job.done.is_set() and kind in (None, job.kind):
            job.abort()


def _run(job: Job, acquire: Acquire) -> None:
    try:
        job.result = acquire(job)
    except NionError as error:
        job.error = str(error)
    except Exception as error:  # Nion's assertions have no message
        job.error = f"Nion failed during a {job.kind}: {type(error).__name__} {error}".rstrip()
    finally:
        job.done.set()
