"""Progress of a spectroscopy run, line by line, from its documents."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Progress:
    """A document consumer: point k of n, largest value so far, dose used, time left.

    Subscribe an instance to a RunEngine; it follows one run after another, those of spectroscopy plans.

    Parameters
    ----------
    write
        Takes a line.
    """

    def __init__(self, write: Callable[[str], None] = print) -> None:
        self._write = write
        self._run: _Run | None = None

    def __call__(self, name: str, doc: Mapping[str, Any]) -> None:
        """Take a document."""
        if name == "start":
            self._run = _Run(doc) if "scalariser" in doc else None
        elif self._run is None:
            return
        elif name == "descriptor":
            self._run.streams[doc["uid"]] = doc["name"]
        elif name == "event":
            line = self._run.line(doc)
            if line:
                self._write(line)
        elif name == "stop":
            reason = f": {doc['reason']}" if doc.get("reason") else ""
            self._write(f"run {doc['run_start'][:8]} {doc['exit_status']}{reason}")


@dataclass
class _Run:
    """What has been seen of one run."""

    start: Mapping[str, Any]
    streams: dict[str, str] = field(default_factory=dict)
    points: int = 0
    first_time: float = 0.0
    largest: tuple[float, float, float] | None = None

    def line(self, event: Mapping[str, Any]) -> str:
        data, stream = event["data"], self.streams.get(event["descriptor"])
        if stream == "survey":
            return "survey image taken"
        if stream == "decisions" and data["decision_reason"]:
            return f"stopped: {data['decision_reason']}"
        return self._point(data, event["time"]) if stream == "primary" else ""

    def _point(self, data: Mapping[str, Any], time: float) -> str:
        self.points += 1
        if self.points == 1:
            self.first_time = time
        value = data["scalar_value"]
        if (
            math.isfinite(value)
            and not data["scalar_flags"]
            and (not self.largest or value > self.largest[0])
        ):
            self.largest = value, data["scanner_y"], data["scanner_x"]
        total, before = self.start["num_points"], self.start["electrons_before"]
        dose = "dose not known" if before is None else f"{data['beam_electrons'] - before:.3g} electrons"
        parts = [f"point {self.points} of {total}", self._largest(), dose]
        if self.points > 1:
            each = (time - self.first_time) / (self.points - 1)
            parts.append(f"{_duration(each * (total - self.points))} left")
        return ", ".join(parts)

    def _largest(self) -> str:
        if self.largest is None:
            return "no value yet"
        value, y, x = self.largest
        return f"largest {value:.4g} at y {y:.4g} nm, x {x:.4g} nm"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
