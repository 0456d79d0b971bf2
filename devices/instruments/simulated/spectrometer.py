"""The spectrometer of the simulated microscope."""

from __future__ import annotations

import time

import numpy as np

from ..protocol import Axis, Calibrated, InstrumentError
from .clock import Action
from .column import Column

DWELL_TIMES = (1e-4, 10.0)  # [s]


class SimulatedSpectrometer:
    """Counts electrons by energy loss where the probe stands."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._action = Action(column.clock)

    @property
    def energy_axis(self) -> Axis:
        """The energy-loss axis [eV]."""
        axis = self._column.detector.axis
        return Axis("energy", axis.channels, axis.offset, axis.dispersion, "eV")

    @property
    def dwell_time(self) -> tuple[float, float]:
        """Shortest and longest exposure [s]."""
        return DWELL_TIMES

    @property
    def saturation(self) -> float:
        """Counts at which a channel is full."""
        return float(self._column.detector.saturation)

    def expose(self, dwell_time: float) -> Calibrated:
        """Record one spectrum ``(energy,)`` of `dwell_time` [s]; no counts while the beam is blanked.

        Raises
        ------
        InstrumentError
            If the dwell time is beyond the limits.
        Aborted
            If it was aborted.
        """
        low, high = DWELL_TIMES
        if not low <= dwell_time <= high:
            raise InstrumentError(
                f"exposure of {dwell_time:g} s is beyond the limits: ask for {low:g} to {high:g} s"
            )
        began = self._action.begin()
        exposure = self._column.begin()
        y, x = (np.array([value]) for value in self._column.probe)
        middle = np.array([began + dwell_time / 2])
        where = self._column.on_specimen(y, x, self._column.frame.rotation, middle)
        share = self._column.truth().spectra(*where)[0]
        electrons = self._column.finish(exposure, self._action, dwell_time, "exposure")
        detector = self._column.detector
        spectrum = self._column.count(share * electrons * detector.efficiency, detector.saturation)
        return Calibrated(spectrum, (self.energy_axis,), timestamp=time.time())

    def abort(self) -> None:
        """End the exposure in progress."""
        self._action.abort()
