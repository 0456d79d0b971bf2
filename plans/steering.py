"""What a person wants of a run that is going on, from any thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """One of them: ``kind`` "pin" or "veto", where [nm], and for a veto how far around [nm]."""

    kind: str
    y: float
    x: float
    radius: float | None = None

    @property
    def arguments(self) -> tuple[float, ...]:
        """What the agent's method of that name takes."""
        return (self.y, self.x) if self.radius is None else (self.y, self.x, self.radius)


class Steering:
    """Takes wishes for the run that listens, which heeds them before its next point."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: list[Wish] = []
        self._listening = False

    def pin(self, y: float, x: float) -> None:
        """Have the candidate nearest to (y, x) measured next, before anything the agent wants.

        Parameters
        ----------
        y, x : float
            From the centre of the field of view [nm].

        Raises
        ------
        ValueError, RuntimeError
            In one line, if that is no position, or no run listens.
        """
        self._wish(Wish("pin", float(y), float(x)))

    def veto(self, y: float, x: float, radius: float = 0.0) -> None:
        """Have nothing within `radius` of (y, x) measured any more.

        Parameters
        ----------
        y, x : float
            From the centre of the field of view [nm].
        radius : float
            [nm].

        Raises
        ------
        ValueError, RuntimeError
            In one line, if that is no place, or no run listens.
        """
        self._wish(Wish("veto", float(y), float(x), float(radius)))

    def take(self) -> list[Wish]:
        """Return the wishes that came since the last time, in order."""
        with self._lock:
            wishes, self._wishes = self._wishes, []
        return wishes

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take wishes while this lasts; positions mean nothing in another run's field of view."""
        with self._lock:
            self._wishes, self._listening = [], True
        try:
            yield
        finally:
            with self._lock:
                self._wishes, self._listening = [], False

    def _wish(self, wish: Wish) -> None:
        if not all(math.isfinite(number) for number in wish.arguments) or (wish.radius or 0.0) < 0:
            raise ValueError(
                f"{wish.kind}: {wish.arguments} is no place: give y, x in nm, and a radius of 0 or more"
            )
        with self._lock:
            if not self._listening:
                raise RuntimeError(
                    f"{wish.kind}: no run listens: an adaptive run does, after its survey image"
                )
            self._wishes.append(wish)
