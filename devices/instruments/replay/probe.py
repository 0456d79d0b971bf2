"""Where the probe stands in a recording: on one of its pixels, always."""

from __future__ import annotations

from typing import Protocol

from ..protocol import Axis, Calibrated, InstrumentError


class Recorded(Protocol):
    """What was measured pixel by pixel, and the survey of the same area."""

    @property
    def grid(self) -> tuple[Axis, Axis]:
        """Axes "y" and "x" [m] of the recorded positions."""
        ...

    @property
    def survey(self) -> Calibrated:
        """``(ny * oversampling, nx * oversampling)``, axes "y" and "x" [m]."""
        ...

    @property
    def oversampling(self) -> int:
        """Survey pixels along the side of a recorded one."""
        ...


class Probe:
    """The pixel that all detectors of a replay answer with; the centre to begin with."""

    def __init__(self, recording: Recorded) -> None:
        self.recording = recording
        y, x = recording.grid
        self.pixel = (y.size // 2, x.size // 2)

    def move(self, y: float, x: float) -> None:
        """Go to the pixel that holds (y, x) [m].

        Raises
        ------
        InstrumentError
            If it lies outside the recorded area.
        """
        self.pixel = (self._nearest("y", 0, y), self._nearest("x", 1, x))

    def _nearest(self, name: str, dimension: int, value: float) -> int:
        axis = self.recording.grid[dimension]
        index = (value - axis.offset) / axis.scale
        if not -0.5 <= index <= axis.size - 0.5:  # false for NaN too
            edge = axis.scale * axis.size / 2
            raise InstrumentError(
                f"probe {name} = {value * 1e9:.6g} nm is outside the recorded field: "
                f"stay within {-edge * 1e9:.6g} to {edge * 1e9:.6g} nm"
            )
        return min(max(round(index), 0), axis.size - 1)
