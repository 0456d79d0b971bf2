"""A run's points as they are measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from tiled.client.container import Container

from .run_stream import read_events


@dataclass(frozen=True)
class Point:
    """One measured point.

    Attributes
    ----------
    number
        Of the event, from 1.
    time
        When [s since the epoch].
    y, x
        Where, from the centre of the field of view [nm].
    value, sigma
        The scalar and its standard deviation [its unit].
    flags
        Why the value is not to be trusted, as bits; 0 when it is.
    """

    number: int
    time: float
    y: float
    x: float
    value: float
    sigma: float
    flags: int


def follow(run: Container, poll: float = 0.2, timeout: float | None = None) -> Iterator[Point]:
    """Yield the points of a run, those measured already at once, then each new one, until the run ends.

    Parameters
    ----------
    run
        Of the catalog: ``runs[uid]``; finished or going on.
    poll
        Between two looks at the catalog [s]; a look takes a few hundredths of a second.
    timeout
        Longest wait for a new point [s]; None waits for as long as the run is open.

    Raises
    ------
    TimeoutError
        If the run is open and no point came for `timeout` [s].
    """
    seen = 0
    last = time.monotonic()
    while True:
        run.refresh()
        # Asked before the points are read: those of a run that had ended by then are all there.
        ended = "stop" in run.metadata
        events = read_events(run, "primary")
        points = len(events.get("seq_num", ()))
        for i in range(seen, points):
            yield Point(
                number=int(events["seq_num"][i]),
                time=float(events["time"][i]),
                y=float(events["scanner_y"][i]),
                x=float(events["scanner_x"][i]),
                value=float(events["scalar_value"][i]),
                sigma=float(events["scalar_sigma"][i]),
                flags=int(events["scalar_flags"][i]),
            )
        if points > seen:
            seen, last = points, time.monotonic()
        if ended:
            return
        if timeout is not None and time.monotonic() - last > timeout:
            raise TimeoutError(
                f"run {run.metadata['start']['uid']} is open, but no point came for {timeout:g} s"
            )
        time.sleep(poll)
