"""A put with completion: waited for while the IOC answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from numbers import Real
from typing import Any

from caproto.threading.client import Batch
from ophyd import EpicsSignal

from .no_answer import NoAnswer, answered

POLL = 0.5  # [s] between two looks at an IOC that has not completed the put


class Put:
    """A put with completion, sent when it is made.

    Parameters
    ----------
    signal
        Signal to put to.
    value
        What to put.

    Attributes
    ----------
    succeeded
        What the IOC said when the put was completed; None if the client layer does not tell.

    Raises
    ------
    NoAnswer
        If there is no connection.
    """

    def __init__(self, signal: EpicsSignal, value: object) -> None:
        self._signal = signal
        self._completed = threading.Event()
        self.succeeded: bool | None = None
        with answered(signal.setpoint_pvname):
            if signal.cl.name == "caproto" and isinstance(value, Real):
                self._send_number(value)
            else:
                self._send(value)

    @property
    def completed(self) -> bool:
        """Whether the IOC has done or refused it."""
        return self._completed.is_set()

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
            with answered(self._signal.setpoint_pvname):
                self._signal.get()
                late = overdue()
            if late is not None:
                raise NoAnswer(f"{self._signal.setpoint_pvname}: {late}")

    def _send_number(self, value: Real) -> None:
        # Past ophyd, which drops the IOC's answer, and has caproto ignore one that comes after 8 s.
        self._signal.wait_for_connection()
        with Batch(timeout=None) as batch:
            batch.write(self._signal._write_pv._caproto_pv, (value,), self._answered)

    def _send(self, value: object) -> None:
        def completed(**_: object) -> None:
            self._completed.set()

        completed._wrapped_callback = True  # type: ignore[attr-defined]  # spares ophyd's own callback thread
        self._signal.put(value, force=True, use_complete=True, callback=completed)

    def _answered(self, response: Any) -> None:
        self.succeeded = bool(response.status.success)
        self._completed.set()
