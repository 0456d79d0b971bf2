"""What a driver offers: five small protocols and the values that cross them.

SI units inside drivers (metres, seconds, radians, amperes); energies in electronvolts. The IOC converts to
the units of its process variables, once. Arrays are ``(y, x)``, spectra ``(energy,)``, diffraction patterns
``(ky, kx)``. Positions are measured from the centre of the field of view, +x right, +y down as displayed.

Calls block until the action is done. `abort` comes from another thread: it ends the call in progress, which
then raises `Aborted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class InstrumentError(Exception):
    """The instrument refused or failed; the message says what, where and what to do."""


class Aborted(InstrumentError):
    """The action was ended by `abort`; what it had measured is discarded."""


@dataclass(frozen=True)
class Axis:
    """A uniformly sampled, calibrated axis: ``offset + scale * arange(size)`` [unit]."""

    name: str
    size: int
    offset: float
    scale: float
    unit: str

    def values(self) -> NDArray[np.float64]:
        """Coordinates of the samples, shape ``(size,)`` [unit]."""
        return self.offset + self.scale * np.arange(self.size, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Calibrated:
    """An array with one `Axis` a dimension; calibration travels with every array."""

    data: NDArray[np.generic]
    axes: tuple[Axis, ...]
    quantity: str = "counts"
    timestamp: float = 0.0  # [s] since the epoch, at the end of the exposure

    def __post_init__(self) -> None:
        if self.data.shape != tuple(axis.size for axis in self.axes):
            raise ValueError(f"array of shape {self.data.shape} does not fit its axes {self.axes}")


@dataclass(frozen=True)
class ControlInfo:
    """One control of the microscope: SI unit, limits, and whether it can be set."""

    unit: str
    low: float
    high: float
    settable: bool = True


@dataclass(frozen=True)
class ControlValue:
    """What was asked for, what the electronics report, and what an independent sensor sees, apart."""

    set: float
    readback: float
    sensor: float | None = None


@dataclass(frozen=True)
class MicroscopeState:
    """A snapshot of all controls; `sequence` grows by one with every change."""

    sequence: int
    timestamp: float  # [s] since the epoch
    values: Mapping[str, ControlValue] = field(default_factory=lambda: MappingProxyType({}))


@runtime_checkable
class Controls(Protocol):
    """Lenses, stage and source by name.

    Names the IOC knows: ``beam_energy`` [eV], ``beam_current`` [A], ``convergence_angle`` [rad] (semi-angle),
    ``collection_angle`` [rad] (semi-angle), ``camera_length`` [m], ``defocus`` [m], ``stage_x``, ``stage_y``,
    ``stage_z`` [m], ``stage_alpha``, ``stage_beta`` [rad]. A driver declares those it has.
    """

    @property
    def controls(self) -> Mapping[str, ControlInfo]:
        """The controls of this microscope by name."""
        ...

    def set(self, name: str, value: float) -> None:
        """Set a control and wait until it has settled."""
        ...

    def state(self) -> MicroscopeState:
        """Read all controls."""
        ...

    def abort(self) -> None:
        """Stop a movement in progress."""
        ...


@dataclass(frozen=True)
class ScanRequest:
    """A raster scan with square pixels of ``field_of_view / shape[1]``.

    Attributes
    ----------
    shape
        ``(ny, nx)`` pixels.
    field_of_view
        Extent along the fast axis, x [m]; along y it is ``field_of_view * ny / nx``.
    rotation
        Of the scan against the specimen frame, anticlockwise as displayed [rad].
    dwell_time
        Of one pixel [s].
    """

    shape: tuple[int, int]
    field_of_view: float
    rotation: float
    dwell_time: float


@dataclass(frozen=True)
class ScanLimits:
    """The scans a driver accepts; the IOC refuses others."""

    field_of_view: tuple[float, float]  # [m]
    dwell_time: tuple[float, float]  # [s]
    max_shape: tuple[int, int]
    rotation: tuple[float, float] = (-np.pi, np.pi)  # [rad]


@runtime_checkable
class Scanner(Protocol):
    """Moves the probe and scans it."""

    @property
    def limits(self) -> ScanLimits:
        """The scans this scanner accepts."""
        ...

    @property
    def default_scan(self) -> ScanRequest:
        """A sensible scan to start with; a recording offers its own field of view and shape."""
        ...

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the images a scan gives, "HAADF" first."""
        ...

    def configure(self, request: ScanRequest) -> None:
        """Set the frame that probe positions refer to."""
        ...

    def move(self, y: float, x: float) -> None:
        """Put the probe at (y, x) [m] from the centre of the field of view and wait until it has settled."""
        ...

    def scan(self, request: ScanRequest) -> Mapping[str, Calibrated]:
        """Scan one frame; images ``(ny, nx)`` by channel, axes "y" and "x" [m]. The probe returns."""
        ...

    def dwell(self, dwell_time: float) -> Mapping[str, Calibrated]:
        """Expose the probe where it stands for `dwell_time` [s]; images ``(1, 1)`` by channel."""
        ...

    def abort(self) -> None:
        """End the scan in progress."""
        ...


@runtime_checkable
class Spectrometer(Protocol):
    """Records one spectrum where the probe stands."""

    @property
    def energy_axis(self) -> Axis:
        """The energy-loss axis [eV], loss positive."""
        ...

    @property
    def dwell_time(self) -> tuple[float, float]:
        """Shortest and longest exposure [s]."""
        ...

    @property
    def saturation(self) -> float:
        """Counts at which a channel is full; infinite where unknown."""
        ...

    def expose(self, dwell_time: float) -> Calibrated:
        """Record one spectrum ``(energy,)`` of `dwell_time` [s]."""
        ...

    def abort(self) -> None:
        """End the exposure in progress."""
        ...


@dataclass(frozen=True)
class FrameMode:
    """One way in which a pixel-array detector records; each has its own speed, depth and saturation.

    Attributes
    ----------
    name
        E.g. "Counting12" or "Integrating".
    dtype
        Of the frames, as numpy writes it.
    dwell_time
        Shortest and longest exposure of a frame [s]: one over the shortest is the frame rate.
    saturation
        Value at which a pixel is full; infinite where unknown.
    quantity
        What the values are: "counts" or "ADU".
    """

    name: str
    dtype: str
    dwell_time: tuple[float, float]
    saturation: float
    quantity: str = "counts"


@dataclass(frozen=True)
class FrameRequest:
    """A stream of frames.

    Attributes
    ----------
    count
        How many.
    dwell_time
        Of each [s].
    mode
        Name of a `FrameMode`.
    trigger
        "internal": the detector goes by its own clock, from now on. "scan": it is armed, and the scanner
        triggers one frame a pixel of the scan that begins next, line by line.
    """

    count: int
    dwell_time: float
    mode: str
    trigger: Literal["internal", "scan"] = "internal"


@runtime_checkable
class FrameSource(Protocol):
    """A pixel-array detector: frames ``(ky, kx)`` in blocks, for one exposure or a whole scan."""

    @property
    def frame_axes(self) -> tuple[Axis, Axis]:
        """The axes "ky" and "kx" [rad] from the measured centre of the vacuum disk."""
        ...

    @property
    def modes(self) -> tuple[FrameMode, ...]:
        """How it can record; the first one is the default."""
        ...

    @property
    def triggers(self) -> tuple[str, ...]:
        """Which triggers of `FrameRequest` it knows."""
        ...

    def frames(self, request: FrameRequest) -> Iterator[NDArray[np.generic]]:
        """Arm the detector, which is done on return; blocks ``(n, ky, kx)`` follow as they arrive.

        A block is the caller's until the next one is asked for. The blocks hold `count` frames together, or
        the iterator raises: `Aborted` after `abort`, what had been given before is good.
        """
        ...

    def abort(self) -> None:
        """End the stream; no block follows."""
        ...


@runtime_checkable
class Blanker(Protocol):
    """Takes the beam off the specimen, and on."""

    @property
    def blanked(self) -> bool:
        """Whether the beam is off the specimen."""
        ...

    def blank(self) -> None:
        """Take the beam off the specimen; safe from any thread, at any time, more than once."""
        ...

    def unblank(self) -> None:
        """Put the beam on the specimen."""
        ...


@dataclass(frozen=True)
class Instrument:
    """A composition of drivers; what is None, this instrument can't do."""

    name: str
    controls: Controls | None = None
    scanner: Scanner | None = None
    spectrometer: Spectrometer | None = None
    frame_source: FrameSource | None = None
    blanker: Blanker | None = None

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Names of the protocols this instrument offers."""
        parts = ("controls", "scanner", "spectrometer", "frame_source", "blanker")
        return tuple(part for part in parts if getattr(self, part) is not None)

    def abort(self) -> None:
        """Blank the beam, then end whatever is in progress."""
        try:
            if self.blanker is not None:
                self.blanker.blank()
        finally:  # a blanker that fails is no reason to go on scanning
            for part in (self.scanner, self.spectrometer, self.frame_source, self.controls):
                if part is not None:
                    part.abort()
