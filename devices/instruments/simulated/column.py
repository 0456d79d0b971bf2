"""The column that all simulated parts share: optics, stage, beam and the specimen under it.

SI units as set and read; the twin's nm, mrad and pA inside.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stemline.twin.drift import Drift
from stemline.twin.eels import EnergyAxis
from stemline.twin.noise import counts, electrons
from stemline.twin.truth import Ground, Optics, Truth

from ..protocol import ScanRequest
from .beam_log import BeamLog
from .blanker import SimulatedBlanker
from .clock import Action, Clock

Positions = NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """What the spectrometer records with.

    Attributes
    ----------
    axis
        Of the spectra.
    fwhm
        Of the zero-loss peak [eV].
    efficiency
        Share of the beam's electrons that are counted.
    saturation
        Counts at which a channel is full.
    """

    axis: EnergyAxis
    fwhm: float
    efficiency: float
    saturation: int


@dataclass(frozen=True)
class Exposure:
    """When an exposure began [s], and how long the beam had been on before [s]."""

    began: float
    on_before: float


@dataclass(frozen=True, eq=False)
class Raster:
    """A scan that is under way: `y` and `x` [m] of its pixels in their order, and when it began."""

    y: Positions
    x: Positions
    rotation: float
    dwell_time: float
    exposure: Exposure


@dataclass(eq=False)
class Column:
    """State of the simulated microscope; `settings` by name of the control, in SI units."""

    ground: Ground
    detector: Detector
    drift: Drift
    frame: ScanRequest
    settings: Mapping[str, float]
    clock: Clock
    rng: np.random.Generator
    probe: tuple[float, float] = (0.0, 0.0)  # y, x [m] in the frame
    beam_log: BeamLog | None = None
    rasters: int = 0  # begun so far
    blanker: SimulatedBlanker = field(init=False)

    def __post_init__(self) -> None:
        self.blanker = SimulatedBlanker(self.clock, lambda: self.settings["beam_current"], self.beam_log)
        self._start = self.clock.now()
        self._lock = threading.Lock()
        self._triggered = threading.Condition()
        self._raster: Raster | None = None
        self._truth = self._look(self._optics())

    @property
    def extent(self) -> float:
        """Side of the specimen [m]."""
        return self.ground.thickness.extent * 1e-9

    def truth(self) -> Truth:
        """Look at the specimen with the present optics; computed anew where they have changed."""
        with self._lock:
            optics = self._optics()
            if optics != self._truth.optics:
                self._truth = self._look(optics)
            return self._truth

    def on_specimen(
        self, y: Positions, x: Positions, rotation: float, time: Positions
    ) -> tuple[Positions, Positions]:
        """Map positions [m] in a frame with `rotation` [rad], at `time` [s], to the specimen (y, x) [nm]."""
        cos, sin = np.cos(rotation), np.sin(rotation)
        drift_y, drift_x = self.drift.displacement(time - self._start)
        moved_y = self.settings["stage_y"] * 1e9 + drift_y
        moved_x = self.settings["stage_x"] * 1e9 + drift_x
        return (y * cos - x * sin) * 1e9 - moved_y, (y * sin + x * cos) * 1e9 - moved_x

    def begin(self) -> Exposure:
        """Begin an exposure."""
        now = self.clock.now()
        return Exposure(now, self.blanker.on_time_at(now))

    def finish(self, exposure: Exposure, action: Action, seconds: float, what: str) -> float:
        """Wait until an exposure of `seconds` is over; returns the electrons that the specimen had."""
        action.wait_until(exposure.began + seconds, what)
        now = self.clock.now()
        passed = now - exposure.began
        on = self.blanker.on_time_at(now) - exposure.on_before
        # Rounded, so that a full exposure is full whatever the last bits of the clock are.
        share = round(on / passed, 6) if passed > 0 else 0.0
        return electrons(self.settings["beam_current"] * 1e12, seconds) * share

    def on_share(self, exposure: Exposure, start: float, stop: float) -> float:
        """Share of the time from `start` to `stop` [s], of an exposure, that the beam was on."""

        def on(time: float) -> float:
            # the blanker knows the present only: before, the beam was on from the beginning
            return min(self.blanker.on_time_at(time) - exposure.on_before, time - exposure.began)

        return round((on(stop) - on(start)) / (stop - start), 6) if stop > start else 0.0

    def trigger(self, raster: Raster) -> None:
        """Begin a raster: whoever waits for one is triggered."""
        with self._triggered:
            self.rasters += 1
            self._raster = raster
            self._triggered.notify_all()

    def raster_after(self, before: int, patience: float) -> Raster | None:
        """Give the raster that has begun since there were `before`, waiting at most `patience` [s] for it."""
        with self._triggered:
            self._triggered.wait_for(lambda: self.rasters > before, patience)
            return self._raster if self.rasters > before else None

    def count(self, expected: NDArray[np.float64], saturation: int) -> NDArray[np.uint32]:
        """Draw counts; one thread at a time, as the generator wants it."""
        with self._lock:
            return counts(expected, self.rng, saturation)

    def _optics(self) -> Optics:
        get = self.settings.__getitem__
        return Optics(
            beam_energy=get("beam_energy"),
            convergence_angle=get("convergence_angle") * 1e3,
            collection_angle=get("collection_angle") * 1e3,
            defocus=(get("defocus") + get("stage_z")) * 1e9,
            tilt=(get("stage_alpha") * 1e3, get("stage_beta") * 1e3),
        )

    def _look(self, optics: Optics) -> Truth:
        return self.ground.under(optics, self.detector.axis, self.detector.fwhm)
