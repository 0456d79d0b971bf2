"""The simulated microscope's own account of its beam, apart from whatever the IOC counts."""

from __future__ import annotations

import json
import os
from pathlib import Path

from stemline.twin.noise import electrons


class BeamLog:
    """A file with one line of JSON each time the beam goes on or off the specimen.

    A line holds "time" (of the microscope's clock [s]; `time.monotonic` in real time), "blanked", and the
    "electrons" that the specimen has had so far. It is written at once, so that it survives the process.

    Parameters
    ----------
    path
        Is appended to.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._electrons = 0.0

    def on(self, time: float) -> None:
        """Record that the beam has come on at `time` [s]."""
        self._write(time, False)

    def off(self, time: float, seconds: float, current: float) -> None:
        """Record that the beam has gone off at `time` [s], after `seconds` [s] at `current` [A]."""
        self._electrons += electrons(current * 1e12, seconds)
        self._write(time, True)

    def _write(self, time: float, blanked: bool) -> None:
        line = json.dumps({"time": time, "blanked": blanked, "electrons": self._electrons})
        os.write(self._file, line.encode() + b"\n")
