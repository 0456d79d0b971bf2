"""What the plans ask of devices, scalarisers and agents; the plans know these protocols and no class.

Signals are named as their data keys, less the device's name: `Scanner.x` is recorded as ``scanner_x``.
Positions in nm from the centre of the field of view, energies in eV, times in s, doses in electrons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, runtime_checkable

import numpy as np
from bluesky.protocols import Movable, Readable, Stageable, Stoppable, Triggerable
from numpy.typing import NDArray

Suggestion = Mapping[str, Any]
"""``_id`` and one key a movable (``scanner_y``, ``scanner_x`` [nm]); keys with an underscore are about the
suggestion: ``_mean``, ``_sigma``, ``_acquisition`` (None without a model), ``_model_version``, ``_kind``, and
what it was based on."""


class Watched(Readable[Any], Protocol):
    """A value that others may change, and that costs nothing to read."""

    @property
    def source_name(self) -> str:
        """Where it comes from: ``PV:`` and the name of a process variable."""
        ...


class Setting(Watched, Movable[Any], Protocol):
    """A value that can be set and read back; what comes back is in the unit of its name."""


class Detector(Triggerable, Readable[Any], Stageable, Protocol):
    """Triggered, it measures once; staged, it keeps the frames in a file that its documents refer to.

    Unstaged, it ends an exposure in progress without failing its status.
    """


class Record(Readable[Any], Movable[Any], Protocol):
    """Soft signals that one `set` fills together, at once, from a value that is no number."""


class Records(Protocol):
    """What the plan works out, as devices, so that events can hold it."""

    @property
    def scalar(self) -> Record:
        """Set to a `Scalar`."""
        ...

    @property
    def decision(self) -> Record:
        """Set to a `Suggestion`, or to the last word: ``_kind`` "stop" and ``_reason``."""
        ...

    @property
    def prediction(self) -> Record:
        """Set to (mean, sigma), each ``(ny, nx)``."""
        ...


class Scanner(Protocol):
    """The probe and the frame its position refers to."""

    x: Setting  # [nm]
    y: Setting  # [nm]
    field_of_view: Setting  # [nm] along x
    rotation: Setting  # [deg]
    num_x: Setting
    num_y: Setting
    dwell_time: Setting  # [s] of one pixel


class Haadf(Detector, Protocol):
    """The annular detector; a trigger measures a frame, or a pixel in Spot mode."""

    scan_mode: Setting  # "Frame" | "Spot"
    image: Readable[Any]  # the last frame (ny, nx)


class PointDetector(Detector, Protocol):
    """What measures where the probe stands."""

    acquire_time: Setting  # [s]


class Eels(PointDetector, Protocol):
    """The spectrometer; a trigger records one spectrum."""

    spectrum: Readable[Any]  # the last spectrum (energy,) [counts]
    array_size_x: Readable[Any]  # channels of a spectrum
    energy_offset: Readable[Any]  # [eV] of the first channel
    energy_dispersion: Readable[Any]  # [eV/channel]


class PixelArray(PointDetector, Protocol):
    """The pixel-array detector; a trigger records one diffraction pattern."""

    pattern: Readable[Any]  # the last pattern (ky, kx) [counts]
    array_size_y: Readable[Any]  # rows of a pattern
    array_size_x: Readable[Any]
    ky_offset: Readable[Any]  # [mrad] of the first row
    ky_dispersion: Readable[Any]  # [mrad/pixel]
    kx_offset: Readable[Any]
    kx_dispersion: Readable[Any]


class Beam(Protocol):
    """What comes down the column, and what the specimen has received so far."""

    current: Watched | None  # [pA]; None where it is not known
    electrons: Readable[Any]
    electron_budget: Readable[Any]  # 0 for none


class Microscope(Stoppable, Protocol):
    """What measuring at chosen positions needs; stopped, it blanks the beam and ends an exposure.

    Diffraction needs a `PixelArray` as ``pixel_array`` instead of the spectrometer.
    """

    scanner: Scanner
    haadf: Haadf
    eels: Eels
    beam: Beam


class Scalar(Protocol):
    """One number of a spectrum or pattern, its standard deviation, and what is wrong with it."""

    @property
    def value(self) -> float:
        """NaN where there is none."""
        ...

    @property
    def sigma(self) -> float:
        """One standard deviation, from the counts."""
        ...

    @property
    def flags(self) -> int:
        """0 if the value is to be trusted; what the bits mean is the scalariser's matter."""
        ...


class Scalariser(Protocol):
    """Reduces a spectrum to one number."""

    def parameters(self) -> dict[str, object]:
        """Return what it was made with, fit for JSON."""
        ...

    def __call__(self, spectrum: NDArray[np.generic], energy: NDArray[np.float64]) -> Scalar:
        """Reduce `spectrum` ``(energy,)`` [counts] on `energy` ``(energy,)`` [eV]."""
        ...

    def check_axis(self, energy: NDArray[np.float64]) -> None:
        """Raise ValueError, in one line, where `energy` [eV] does not hold what the scalariser looks at."""
        ...


class PatternScalariser(Protocol):
    """Reduces a diffraction pattern to one number."""

    def parameters(self) -> dict[str, object]:
        """Return what it was made with, fit for JSON."""
        ...

    def __call__(
        self, counts: NDArray[np.generic], ky: NDArray[np.float64], kx: NDArray[np.float64]
    ) -> Scalar:
        """Reduce `counts` ``(ky, kx)`` on `ky` ``(ky,)`` and `kx` ``(kx,)`` [mrad]."""
        ...

    def check_axis(self, ky: NDArray[np.float64], kx: NDArray[np.float64]) -> None:
        """Raise ValueError, in one line, where the angles [mrad] do not hold what the scalariser looks at."""
        ...


@runtime_checkable
class Proposer(Protocol):
    """Decides where to measure next; the words of bluesky_adaptive's ``Optimizer`` (>= 1), and more."""

    def suggest(self, num_points: int | None = None) -> list[dict[str, Any]]:
        """Return the next points to measure (see `Suggestion`), none when there is nowhere left to go."""
        ...

    def ingest(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Take in what was measured: ``_id``, ``scanner_y``, ``scanner_x``, ``value`` (or NaN), ``sigma``."""
        ...

    def should_stop(self) -> tuple[bool, str | None]:
        """Return whether there is no need to go on, and why."""
        ...

    def predict(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation at every candidate, ``(n,)`` each."""
        ...

    def checkpoint(self) -> dict[str, Any]:
        """Return what is needed to go on later, as JSON has it."""
        ...

    def get_best_points(self) -> list[tuple[Any, ...]]:
        """Return ``(_id, movables, outcomes)`` of the best points so far."""
        ...


class BackgroundProposer(Protocol):
    """A `Proposer` that works elsewhere (another process); answers come in the order of the calls."""

    def submit(self, method: str, *args: Any) -> Future[Any]:
        """Call `method` of the proposer; the future holds its answer or its exception."""
        ...

    def close(self) -> None:
        """End it, whatever it is doing; its open futures are done after that. May be called twice."""
        ...
