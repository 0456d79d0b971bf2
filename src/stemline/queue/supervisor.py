"""Notices that a worker died, closes its run, and opens the environment again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from . import worker_lock
from .environment import TRIES
from .service import ServiceError

OPENING = ("initializing", "creating_environment")
ENDING = ("closing_environment", "destroying_environment")


class WorkerEnvironment(Protocol):
    """The part of `Environment` that is needed here."""

    def status(self) -> Any:
        """Return the manager's status."""
        ...

    def open(self, tries: int = 1) -> None:
        """Open it."""
        ...

    def destroy(self) -> None:
        """Clear away what a dead worker left."""
        ...


class Supervisor:
    """Watches the worker of one data folder.

    Parameters
    ----------
    data
        Folder of the session.
    environment
        Of the RE manager.
    recover
        Closes the runs of processes that died; returns what it closed.
    say
        Takes one line about what happened.
    """

    def __init__(
        self,
        data: Path,
        environment: WorkerEnvironment,
        recover: Callable[[], Sequence[Any]],
        say: Callable[[str], None],
    ) -> None:
        self._data = data
        self._environment = environment
        self._recover = recover
        self._say = say
        self._alive = False

    def look(self) -> None:
        """Look once; call it twice a second."""
        if worker_lock.is_held(self._data):
            self._alive = True
        elif self._alive and self._ended():
            self._alive = False

    def _ended(self) -> bool:
        """Deal with a worker that has ended; False to look again."""
        status = self._environment.status()
        if status["manager_state"] in ENDING:
            return False  # asked for, and the manager has not noted its end yet
        if status["manager_state"] not in OPENING and not status["worker_environment_exists"]:
            self._tell_recovered()  # closed or destroyed on request
            return True
        self._say("the RE worker died: clearing its environment")
        self._environment.destroy()
        self._tell_recovered()
        try:
            self._environment.open(tries=TRIES)
        except ServiceError as error:
            self._say(f"{error}: mend it and open the environment; the queue is kept")
        else:
            self._say(
                "the environment is open again and the queue is stopped; the plan that was running is in "
                "the history as failed: submit it again if the specimen may be exposed once more"
            )
        return True

    def _tell_recovered(self) -> None:
        for run in self._recover():
            self._say(run.line)
