"""What the supervisor asks of the RE manager."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bluesky_queueserver_api.zmq import REManagerAPI

from .service import ServiceError

OPEN_TIMEOUT = 180.0  # [s]; IOC, catalog and agents' libraries on a busy machine
TRIES = 5  # to open it again: the catalog and the IOC of a killed worker need seconds to let go
BETWEEN_TRIES = 2.0  # [s]
STOP_TIMEOUT = 60.0  # [s] for a plan to be aborted, beam off, files closed


class Environment:
    """The worker environment of one RE manager, with calls that end when what they ask for is done.

    Parameters
    ----------
    manager
        Connection to the RE manager.
    log
        Of the RE manager: where the reason is when startup files fail.
    """

    def __init__(self, manager: REManagerAPI, log: Path) -> None:
        self._manager = manager
        self._log = log

    def status(self) -> Mapping[str, Any]:
        """Return the manager's status, as it is now."""
        status: Mapping[str, Any] = self._manager.status(reload=True)
        return status

    def running_item(self) -> Mapping[str, Any]:
        """Return the plan that is being run, {} if none."""
        item: Mapping[str, Any] = self._manager.queue_get(reload=True)["running_item"]
        return item

    def open(self, tries: int = 1) -> None:
        """Open the environment; the queue stays stopped.

        Raises
        ------
        ServiceError
            If the startup files fail.
        """
        self._manager.queue_autostart(False)
        for attempt in range(tries):
            if attempt:
                time.sleep(BETWEEN_TRIES)
            self._manager.environment_open()
            self._manager.wait_for_idle(timeout=OPEN_TIMEOUT)
            if self.status()["worker_environment_exists"]:
                return
        raise ServiceError(
            f"the environment does not open: {_startup_error(self._log)} (more in {self._log})"
        )

    def destroy(self) -> None:
        """Clear away an environment whose worker is dead; the queue is stopped.

        The plan that was running goes into the history as failed. The manager puts it back to the front of
        the queue as well; it is taken out there: measuring again would dose the specimen again, which a
        person has to want.
        """
        self._manager.queue_autostart(False)
        running = self.running_item()
        self._manager.environment_destroy()
        self._wait(
            lambda status: not status["worker_environment_exists"] and status["manager_state"] == "idle"
        )
        queue = self._manager.queue_get(reload=True)["items"]
        if running and queue and _same_plan(queue[0], running):
            self._manager.item_remove(uid=queue[0]["item_uid"])

    def close(self, end_worker: Callable[[], None]) -> None:
        """Abort what runs, beam off, and have the worker end.

        Parameters
        ----------
        end_worker
            Has the worker abort its run, with a reason, and end: the manager's own abort gives none.
        """
        status = self.status()
        if status["manager_state"] in ("executing_queue", "paused"):
            end_worker()
            self.destroy()
            return
        if status["manager_state"] == "creating_environment":
            self.destroy()
        if not status["worker_environment_exists"]:
            return
        self._manager.queue_autostart(False)
        self._manager.environment_close()
        self._wait(lambda status: not status["worker_environment_exists"])

    def _wait(self, condition: Callable[[Mapping[str, Any]], bool]) -> None:
        self._manager.wait_for_condition(condition, timeout=STOP_TIMEOUT)


def _startup_error(log: Path) -> str:
    """Say in one line why the startup files failed when they were run last."""
    said = re.findall(r"^Error while executing script .*", log.read_text(errors="replace"), re.MULTILINE)
    return str(said[-1]) if said else "the worker ended"


def _same_plan(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two queue items ask for the same; the manager gives a returned one a new uid."""
    return all(one.get(key) == other.get(key) for key in ("name", "args", "kwargs", "meta", "user"))
