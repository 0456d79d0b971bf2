"""A spectrometer that answers with recorded spectra."""

from __future__ import annotations

import time

from ..protocol import Axis, Calibrated
from .pace import Pace, check_dwell
from .probe import Probe

DWELL_TIME = (1e-6, 3600.0)  # [s] where the recorded exposure is unknown, any
ROUNDING = 1e-6


class ReplaySpectrometer:
    """Gives the spectrum recorded where the probe stands, bit for bit.

    Parameters
    ----------
    spectra
        Recorded, ``(ny, nx, energy)``.
    exposure
        Of the recording [s], None if unknown: another is refused, for the counts would not fit it.
    saturation
        Counts at which a channel was full.
    """

    def __init__(
        self, spectra: Calibrated, probe: Probe, pace: Pace, exposure: float | None, saturation: float
    ) -> None:
        self._spectra = spectra
        self._probe = probe
        self._pace = pace
        self._saturation = saturation
        self._limits = (
            DWELL_TIME if exposure is None else (exposure * (1 - ROUNDING), exposure * (1 + ROUNDING))
        )

    @property
    def energy_axis(self) -> Axis:
        """The recorded energy-loss axis [eV]."""
        return self._spectra.axes[2]

    @property
    def dwell_time(self) -> tuple[float, float]:
        """The recorded exposure where it is known [s]."""
        return self._limits

    @property
    def saturation(self) -> float:
        """Counts at which a channel was full; infinite where unknown."""
        return self._saturation

    def expose(self, dwell_time: float) -> Calibrated:
        """Give the recorded spectrum ``(energy,)``."""
        check_dwell("an exposure", dwell_time, self._limits)
        self._pace.wait("exposure", dwell_time)
        data = self._spectra.data[self._probe.pixel]
        return Calibrated(data, self._spectra.axes[2:], self._spectra.quantity, time.time())

    def abort(self) -> None:
        """End the exposure in progress."""
        self._pace.abort()
