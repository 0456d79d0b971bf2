"""What the detectors have in common: an exposure, and frames that go to a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from ophyd import Component as Cpt
from ophyd import Device, EpicsSignal, Kind

from .action import Action
from .exposure import Exposure, call_off
from .frame_file import DataRoots, FrameFile
from .ioc_link import IOCLink
from .lease import Lease
from .reading import Reading


class Detector(Device):  # type: ignore[misc]
    """A detector of the microscope; a subclass is its table of signals.

    The shape of its frames is fixed from `stage` to `unstage`.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    roots
        Where the IOC writes frames and readers find them; None writes none.

    Attributes
    ----------
    frame
        Attribute of the waveform that shows the last frame; its name is the stream key of the frames.
    dims
        Names of the dimensions of a frame.
    ahead
        Attributes of the readings that are asked for together as soon as an exposure is over.
    """

    frame: ClassVar[str]
    dims: ClassVar[tuple[str, ...]]
    ahead: ClassVar[tuple[str, ...]]
    acquire: EpicsSignal
    state: Reading
    status_message: Reading
    data_type: Reading
    hdf1: FrameFile

    ioc = Cpt(IOCLink, "IOC:", kind=Kind.omitted)
    # controls of which set value, readback and sensor did not agree during the exposure
    mismatches = Cpt(Reading, "IOC:Mismatches_RBV", kind=Kind.normal)
    lease = Cpt(Lease, "Beam:Lease", kind=Kind.omitted)

    def __init__(self, prefix: str, *, roots: DataRoots | None = None, **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self.hdf1.roots = roots
        self._exposure = Exposure(
            self.acquire,
            self.state,
            self.status_message,
            self.hdf1,
            self.duration,
            (self.mismatches, *(getattr(self, name) for name in self.ahead)),
        )
        self._action: Action | None = None
        self._holds = False

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of the next frame."""
        raise NotImplementedError

    def duration(self) -> float:
        """Beam time of the next exposure [s]."""
        raise NotImplementedError

    def trigger(self) -> Action:
        """Take one frame; the status fails with the IOC's status message."""
        self.lease.hold()
        self._action = self._exposure.start(self)
        self._action.add_callback(self._done)
        return self._action

    def stage(self) -> list[object]:
        """Open a file, if frames are written, and hold the lease of the beam until `unstage`."""
        self._action = None
        staged = list(super().stage())
        if not self._holds:
            self.lease.hold()
            self._holds = True
        return staged

    def unstage(self) -> list[object]:
        """Abort an exposure that nobody waits for any more, and close the file."""
        call_off(self._action, self.ioc)
        if self._holds:
            self.lease.let_go()
            self._holds = False
        return list(super().unstage())

    def pause(self) -> None:
        """Abort an exposure in progress, so that a pause of the RunEngine blanks the beam at once."""
        call_off(self._action, self.ioc)

    def resume(self) -> None:
        """Nothing is to be taken up: Bluesky repeats the point from its last checkpoint."""

    def describe(self) -> dict[str, dict[str, Any]]:
        """Describe the readings, and the frames if they are written."""
        keys: dict[str, dict[str, Any]] = super().describe()
        if self.hdf1.capturing:
            keys[self._waveform.name] = {
                "source": f"PV:{self._waveform.pvname}",
                "dtype": "array",
                "dtype_numpy": np.dtype(self.data_type.get().lower()).str,
                "shape": list(self.frame_shape),
                "dims": list(self.dims),
                "units": "counts",
                "external": "STREAM:",
            }
        return keys

    def get_index(self) -> int:
        """Count the frames in the file."""
        return int(self.hdf1.captured)

    def collect_asset_docs(self, index: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Refer to the newest frame in the file; one that was not triggered here belongs to a scan."""
        if self.hdf1.capturing:
            if self._action is None:
                self.hdf1.advanced()
            yield from self.hdf1.documents(self._waveform.name, lambda: self.frame_shape)

    def _done(self, _: Action) -> None:
        self.lease.let_go()

    @property
    def _waveform(self) -> Reading:
        waveform: Reading = getattr(self, self.frame)
        return waveform
