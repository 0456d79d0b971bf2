"""The status of something that takes time, which says its cause when it has failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ophyd.status import Status

from .crew import crew


class Action(Status):  # type: ignore[misc]
    """Status of an action that a thread of its own waits for.

    Once it has failed its text is the cause: Bluesky records `str(status)` as the reason of a failed run.

    Parameters
    ----------
    obj
        Signal or device that acts.
    work
        Blocks until the action is done; what it raises is the cause of the failure.
    settle_time
        Wait after the end [s].
    """

    def __init__(self, obj: Any, work: Callable[[], None], settle_time: float | None = None) -> None:
        super().__init__(obj, settle_time=settle_time)
        self._abandoned = False
        self._work = work
        crew().do(self._run)

    def abandon(self) -> None:
        """Let a failure from now on count as an end: nobody waits for the action any more."""
        self._abandoned = True

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            if not self._abandoned:
                self.set_exception(error)
                return
        self.set_finished()

    def __repr__(self) -> str:
        # ophyd makes one with each status; its own describes the whole device, which takes 0.2 ms
        return f"{type(self).__name__}(obj={self.obj.name!r}, done={self.done}, success={self.success})"

    def __str__(self) -> str:
        if self.done and not self.success:
            return str(self.exception(timeout=0))
        return repr(self)
