"""Nion's EELS camera, summed to spectra."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..protocol import Axis, Calibrated, InstrumentError
from .connection import Connection
from .placement import Placement
from .wire import unpack

DWELL_TIMES = (1e-3, 60.0)  # [s]; shorter ones are all readout


def energy_axis(described: Mapping[str, Any]) -> Axis:
    """Make the axis of what the server says of it."""
    return Axis("energy", described["size"], described["offset"], described["scale"], described["unit"])


class NionSpectrometer:
    """Records spectra where the probe stands."""

    def __init__(self, connection: Connection, placement: Placement, axis: Axis) -> None:
        self._connection = connection
        self._placement = placement
        self._axis = axis

    @property
    def energy_axis(self) -> Axis:
        """The energy-loss axis when the driver started [eV]."""
        return self._axis

    @property
    def dwell_time(self) -> tuple[float, float]:
        """Shortest and longest exposure [s]."""
        return DWELL_TIMES

    @property
    def saturation(self) -> float:
        """Infinite: Nion does not tell it."""
        return math.inf

    def expose(self, dwell_time: float) -> Calibrated:
        """Record one spectrum ``(energy,)`` of `dwell_time` [s].

        Raises
        ------
        InstrumentError
            If the dwell time is beyond the limits, the server fails, or somebody changed the energy axis.
        Aborted
            If it was aborted.
        """
        low, high = DWELL_TIMES
        if not low <= dwell_time <= high:
            raise InstrumentError(
                f"exposure of {dwell_time:g} s is beyond the limits: ask for {low:g} to {high:g} s"
            )
        result = self._connection.acquire("spectrum", self._placement.request() | {"exposure": dwell_time})
        found = energy_axis(result["axes"][0])
        if found != self._axis:
            raise InstrumentError(
                f"the energy axis is {found.offset:g} eV + {found.scale:g} eV a channel, and was "
                f"{self._axis.offset:g} + {self._axis.scale:g} when the IOC started: "
                "set it back, or restart the IOC"
            )
        return Calibrated(unpack(result["data"]), (self._axis,), timestamp=result["timestamp"])

    def abort(self) -> None:
        """End the exposure in progress."""
        self._connection.abort("spectrum")
