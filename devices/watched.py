"""Process variables that anybody may change, monitored: a point reads them without asking."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ophyd import Kind
from ophyd.signal import EpicsSignalBase

from .no_answer import NoAnswer
from .reading import Reading
from .setpoint import Setpoint

SETTING = Kind.normal | Kind.config  # told at the start of a stream, and again with each event: it may change
LOOK = 0.02  # [s] between two looks at a monitor that has nothing new
PATIENCE = 3.0  # [s] for a monitor to show what a question has shown


class Watch:
    """The newest reading of a signal, kept by a monitor.

    A monitor is late by some 10 ms, and says nothing while an IOC is frozen: it is for what rarely changes,
    beside something that is asked for.

    Parameters
    ----------
    signal
        To be monitored from now on.
    """

    def __init__(self, signal: EpicsSignalBase) -> None:
        self._signal = signal
        self._newest: dict[str, Any] | None = None
        self._told = threading.Event()
        signal.subscribe(self._take, run=False)

    def reading(self) -> dict[str, dict[str, Any]] | None:
        """Give the newest reading; None without a connection, or before the first update."""
        if self._newest is None or not self._signal.connected:
            return None
        return {self._signal.name: dict(self._newest)}

    def agree(self, ask: Callable[[], Any]) -> None:
        """Wait until the monitor shows what `ask` gives.

        Raises
        ------
        NoAnswer
            If it does not come to that.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            self._told.clear()
            if self._newest is not None and self._newest["value"] == ask():
                return
            if time.monotonic() > deadline:
                raise NoAnswer(f"{self._signal.pvname}: the IOC sends no updates: restart it")
            self._told.wait(LOOK)

    def _take(self, *, value: Any, timestamp: float, **_: Any) -> None:
        self._newest = {"value": value, "timestamp": timestamp}
        self._told.set()


class WatchedReading(Reading):
    """A `Reading` that is monitored: `read` gives the newest value at once, `get` asks."""

    def __init__(self, pv: str, **kwargs: Any) -> None:
        super().__init__(pv, **kwargs)
        self._watch = Watch(self)

    def read(self) -> dict[str, dict[str, Any]]:
        """Give the newest reading."""
        return self._watch.reading() or super().read()


class WatchedSetpoint(Setpoint):
    """A `Setpoint` whose readback is monitored: `read` gives the newest value at once, `get` asks.

    What was set by this client `read` gives as soon as `set` is done, what another one has set 10 ms later.
    """

    def __init__(self, pv: str, **kwargs: Any) -> None:
        super().__init__(pv, **kwargs)
        self._watch = Watch(self)

    def read(self) -> dict[str, dict[str, Any]]:
        """Give the newest reading."""
        return self._watch.reading() or super().read()

    def _confirm(self, value: Any) -> None:
        super()._confirm(value)
        self._watch.agree(self.get)
