"""Threads that wait for actions, kept for the next one."""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Callable

from ophyd import get_cl


class Crew:
    """As many daemon threads as there are actions at once; starting one for each costs 0.1 ms a put.

    Parameters
    ----------
    thread_class
        A thread of it can use the client layer.
    """

    def __init__(self, thread_class: type[threading.Thread]) -> None:
        self._thread_class = thread_class
        self._idle: list[queue.SimpleQueue[Callable[[], None]]] = []

    def do(self, work: Callable[[], None]) -> None:
        """Have a thread do `work`, which must not raise."""
        try:
            orders = self._idle.pop()
        except IndexError:
            orders = queue.SimpleQueue()
            self._thread_class(target=self._serve, args=(orders,), name="action", daemon=True).start()
        orders.put(work)

    def _serve(self, orders: queue.SimpleQueue[Callable[[], None]]) -> None:
        while True:
            orders.get()()
            self._idle.append(orders)


def crew() -> Crew:
    """Return the threads of ophyd's present client layer."""
    return _crew(get_cl().thread_class)


@functools.cache
def _crew(thread_class: type[threading.Thread]) -> Crew:
    return Crew(thread_class)
