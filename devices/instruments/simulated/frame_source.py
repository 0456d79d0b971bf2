"""The pixel-array detector of the simulated microscope."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemline.twin.diffraction import Diffraction, Projection, diffraction
from stemline.twin.noise import electrons
from stemline.twin.pixel_array import PixelArray, References, expose, references
from stemline.twin.truth import Optics

from ..protocol import Axis, FrameMode, FrameRequest, InstrumentError
from .clock import Action
from .column import Column, Raster

AT_ONCE = 0.05  # [s] of frames in a block, when they come quickly
MOST = 64  # frames in a block
LOOK = 0.02  # [s] between two looks at whether a wait for the scan was aborted

Frames = NDArray[np.generic]


@dataclass(frozen=True)
class Mode:
    """One mode of the detector: its sensor then, the shortest exposure of a frame [s], and its quantity."""

    sensor: PixelArray
    shortest: float
    quantity: str


class SimulatedFrameSource:
    """Records diffraction patterns where the probe stands, or along a raster.

    Parameters
    ----------
    column
        Microscope above it.
    projection
        How the diffraction plane lies on the detector.
    modes
        By name, the default one first.
    longest
        Exposure of a frame [s].
    seeds
        Of the counting noise, and of what belongs to this detector.
    """

    def __init__(
        self,
        column: Column,
        projection: Projection,
        modes: Mapping[str, Mode],
        longest: float,
        seeds: tuple[int, int],
    ) -> None:
        self._column, self._projection, self._modes = column, projection, modes
        self._longest = longest
        self._action = Action(column.clock)
        self._rng = np.random.default_rng((*seeds, 1))
        self._own = np.random.default_rng(seeds[1])
        self._belongs: dict[str, References] = {}
        self._look = functools.lru_cache(maxsize=1)(self._diffraction)

    @property
    def frame_axes(self) -> tuple[Axis, Axis]:
        """The axes "ky" and "kx" [rad]."""
        ky, kx = (
            Axis(name, len(angles), float(angles[0]) * 1e-3, self._projection.step * 1e-3, "rad")
            for name, angles in zip(("ky", "kx"), self._projection.angles(), strict=True)
        )
        return ky, kx

    @property
    def modes(self) -> tuple[FrameMode, ...]:
        """How it can record."""
        return tuple(
            FrameMode(
                name, mode.sensor.dtype.str, (mode.shortest, self._longest), mode.sensor.full, mode.quantity
            )
            for name, mode in self._modes.items()
        )

    @property
    def triggers(self) -> tuple[str, ...]:
        """Its own clock, or the scanner."""
        return ("internal", "scan")

    def frames(self, request: FrameRequest) -> Iterator[Frames]:
        """Arm the detector; blocks ``(n, ky, kx)`` follow; electrons only while the beam is not blanked.

        Raises
        ------
        InstrumentError
            If the request is beyond the limits; by the iterator, if a scan has not as many pixels.
        Aborted
            By the iterator, if it was aborted.
        """
        mode = self._checked(request)
        self._action.begin()
        if request.trigger == "scan":
            return self._along_scan(request, mode, self._column.rasters)
        y, x = self._column.probe
        where = np.full(request.count, y), np.full(request.count, x)
        rotation, dwell = self._column.frame.rotation, request.dwell_time
        return self._stream(Raster(*where, rotation, dwell, self._column.begin()), request, mode)

    def abort(self) -> None:
        """End the stream."""
        self._action.abort()

    def references(self, mode: str) -> References:
        """Give what belongs to this detector in a mode: offsets, gains and defects."""
        if mode not in self._belongs:
            self._belongs[mode] = references(self._modes[mode].sensor, self._projection.shape, self._own)
        return self._belongs[mode]

    def _along_scan(self, request: FrameRequest, mode: Mode, before: int) -> Iterator[Frames]:
        raster = None
        while raster is None:
            self._action.wait_until(self._column.clock.now(), "wait for the scan")
            raster = self._column.raster_after(before, LOOK)
        if raster.y.size != request.count:
            raise InstrumentError(
                f"a scan of {raster.y.size} pixels triggers as many frames, not {request.count}"
            )
        yield from self._stream(raster, request, mode)

    def _stream(self, raster: Raster, request: FrameRequest, mode: Mode) -> Iterator[Frames]:
        size = int(np.clip(AT_ONCE / raster.dwell_time, 1, MOST))
        began, dwell = raster.exposure.began, raster.dwell_time
        for start in range(0, request.count, size):
            stop = min(start + size, request.count)
            shares = self._shares(raster, slice(start, stop))
            self._action.wait_until(began + stop * dwell, "stream of frames")
            on = self._column.on_share(raster.exposure, began + start * dwell, began + stop * dwell)
            charge = electrons(self._column.settings["beam_current"] * 1e12, request.dwell_time) * on
            belongs = self.references(request.mode)
            yield expose(shares * charge, request.dwell_time, mode.sensor, belongs, self._rng).frames

    def _shares(self, raster: Raster, which: slice) -> NDArray[np.float64]:
        """Share of the beam's electrons in each pixel ``(n, ky, kx)``."""
        y, x = raster.y[which], raster.x[which]
        visited = raster.exposure.began + raster.dwell_time * (np.arange(which.start, which.stop) + 0.5)
        where = self._column.on_specimen(y, x, raster.rotation, visited)
        return self._look(self._column.truth().optics).patterns(*where)

    def _diffraction(self, optics: Optics) -> Diffraction:
        return diffraction(self._column.ground, optics, self._projection)

    def _checked(self, request: FrameRequest) -> Mode:
        mode = self._modes.get(request.mode)
        if mode is None:
            raise InstrumentError(f"no mode {request.mode!r}: use one of {', '.join(self._modes)}")
        if request.count < 1:
            raise InstrumentError(f"{request.count} frames: ask for 1 or more")
        if not mode.shortest <= request.dwell_time <= self._longest:
            raise InstrumentError(
                f"frames of {request.dwell_time:g} s are beyond the limits of {request.mode}: ask for "
                f"{mode.shortest:g} to {self._longest:g} s"
            )
        return mode
