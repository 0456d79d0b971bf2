"""A put that takes time: waited for while the IOC answers, and failed with its cause."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ophyd import EpicsSignal
from ophyd.status import Status

from .crew import crew

POLL = 0.5  # [s] between two looks at an IOC that has not answered yet


class NoAnswer(TimeoutError):
    """The IOC is frozen or gone, or does not end what it was asked to do; the message names the PV."""


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

    def __str__(self) -> str:
        if self.done and not self.success:
            return str(self.exception(timeout=0))
        return str(super().__str__())


class Put:
    """A put with completion, sent when it is made.

    Parameters
    ----------
    signal
        Signal to put to.
    value
        What to put.

    Raises
    ------
    NoAnswer
        If there is no connection.
    """

    def __init__(self, signal: EpicsSignal, value: object) -> None:
        self._signal = signal
        self._completed = threading.Event()

        def completed(**_: object) -> None:
            self._completed.set()

        completed._wrapped_callback = True  # type: ignore[attr-defined]  # spares ophyd's own callback thread
        try:
            signal.put(value, force=True, use_complete=True, callback=completed)
        except Exception as error:
            raise no_answer(signal.setpoint_pvname, error) from error

    def wait(self, overdue: Callable[[], str | None]) -> None:
        """Wait for the completion as long as the IOC answers.

        While nothing comes, the signal is read every half second: an IOC that is frozen (or a machine that is
        gone) never completes a put and never says so.

        Parameters
        ----------
        overdue
            Called at each look; a text, why the action has taken too long, ends the wait.

        Raises
        ------
        NoAnswer
            If the IOC does not answer, or the action is overdue.
        """
        while not self._completed.wait(POLL):
            try:
                self._signal.get()
                late = overdue()
            except Exception as error:
                raise no_answer(self._signal.setpoint_pvname, error) from error
            if late is not None:
                raise NoAnswer(f"{self._signal.setpoint_pvname}: {late}")


def no_answer(pv: str, error: Exception) -> NoAnswer:
    """Describe a failed exchange in one line that names the PV."""
    return NoAnswer(f"{pv}: the IOC does not answer, it is frozen or gone; restart it ({_line(error)})")


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
