"""What the driver can ask for; every answer comes at once, long work is a job."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import Pyro5.api

from ..nion.wire import DIFFRACTION, BadRequest, UnknownControl, pack
from . import synchronised
from .cameras import Camera
from .control_table import BLANKER, UNITS
from .frame import Frame
from .hardware import Hardware
from .images import CHANNELS, Scan
from .jobs import Acquire, Job, Jobs
from .lease import Lease

EXPOSURES = (1e-7, 3600.0)  # [s]; the driver's limits are narrower


@Pyro5.api.expose
class Service:
    """The instrument, exposed.

    Reading, blanking and aborting work at any time; setting and acquiring wait for nobody and are refused
    with `Busy` while an acquisition is in progress.

    Parameters
    ----------
    hardware
        Nion's objects.
    folder
        For spectrum images and 4D-STEM data.
    """

    def __init__(self, hardware: Hardware, folder: Path) -> None:
        self._stem = hardware.stem
        self._hardware = hardware
        self._folder = folder.absolute()
        self._setting = threading.Lock()
        self._jobs = Jobs()
        self._scan = Scan(hardware)
        self._cameras = {
            "eels": Camera(hardware.cameras["eels"], "sum_project"),
            "ronchigram": Camera(hardware.cameras["ronchigram"], None),
        }
        self._lease = Lease(lambda blanked: self._stem.SetVal(BLANKER, float(blanked)))
        self._kinds: Mapping[str, Callable[..., Acquire]] = {
            "scan": self._whole,
            "dwell": self._spot,
            "spectrum": self._spectrum,
            "diffraction patterns": self._patterns,
            "spectrum image": self._spectrum_image,
            DIFFRACTION: self._diffraction_image,
        }

    def describe(self) -> dict[str, Any]:
        """Name the controls there are with their units, the images of a scan, and the cameras' axes."""
        here = {name: unit for name, unit in UNITS.items() if self._stem.TryGetVal(name)[0]}
        axes = {name: camera.axes() for name, camera in self._cameras.items()}
        return {"controls": here, "channels": list(CHANNELS), "cameras": axes}

    def get(self, names: Sequence[str]) -> dict[str, float]:
        """Read controls [SI]."""
        return {name: self._read(name) for name in names}

    def set(self, name: str, value: float) -> float:
        """Set a control [SI] and wait until Nion confirms it; returns what is read back."""
        with self._setting:
            self._jobs.check_idle()
            self._read(name)
            if not math.isfinite(value):
                raise BadRequest(f"{name} = {value}: ask for a number")
            try:
                done = self._stem.SetVal(name, float(value))
            except NotImplementedError:
                done = False
            if not done:
                raise UnknownControl(f"Nion computes {name} from other controls: it can be read, not set")
            return self._read(name)

    def place(self, frame: Mapping[str, Any], y: float, x: float) -> None:
        """Put the probe at (y, x) [m] in a frame."""
        with self._setting:
            self._jobs.check_idle()
            self._scan.place(Frame.of(frame), y, x)

    def unblank(self) -> None:
        """Put the beam on the specimen; it goes off unless `renew` is called again and again."""
        self._lease.open()

    def renew(self) -> bool:
        """Keep the beam on; says whether it is."""
        return self._lease.renew()

    def blank(self) -> None:
        """Take the beam off the specimen."""
        self._lease.close()

    def blanked(self) -> bool:
        """Tell what the instrument's blanker says."""
        return bool(self._stem.GetVal(BLANKER))

    def start(self, kind: str, request: Mapping[str, Any]) -> int:
        """Start an acquisition and return its number; `request` holds what its kind needs."""
        if kind not in self._kinds:
            raise BadRequest(f"{kind!r} can't be acquired: ask for one of {', '.join(self._kinds)}")
        try:
            acquire = self._kinds[kind](**request)
        except TypeError as error:
            raise BadRequest(f"a {kind} can't be made of {', '.join(request)}: {error}") from error
        with self._setting:
            return self._jobs.start(kind, acquire)

    def poll(self, number: int, wait: float) -> dict[str, Any]:
        """Tell how an acquisition is, after half a second at most."""
        return self._jobs.poll(number, wait)

    def abort(self, kind: str) -> None:
        """End the acquisition in progress if it is of this kind."""
        self._jobs.abort(kind)

    def _close(self) -> None:
        self._lease.end()
        self._jobs.abort()

    def _read(self, name: str) -> float:
        value: float | None = self._stem.TryGetVal(name)[1] if name in UNITS else None
        if value is None:
            raise UnknownControl(f"Nion has no control {name!r}")
        return float(value)

    def _whole(self, frame: Mapping[str, Any], dwell_time: float) -> Acquire:
        one = Frame.of(frame)
        described = one.whole(_exposure(dwell_time))
        return lambda job: self._scan.acquire(job, described, one)

    def _spot(self, frame: Mapping[str, Any], probe: Sequence[float], dwell_time: float) -> Acquire:
        one = Frame.of(frame)
        y, x = probe
        described = one.part((y, x), (1, 1), _exposure(dwell_time))
        return lambda job: self._scan.acquire(job, described, one)

    def _spectrum(self, frame: Mapping[str, Any], probe: Sequence[float], exposure: float) -> Acquire:
        return self._parked("eels", Frame.of(frame), probe, _exposure(exposure), 1, None)

    def _patterns(
        self, frame: Mapping[str, Any], probe: Sequence[float], exposure: float, binning: int, count: int
    ) -> Acquire:
        return self._parked("ronchigram", Frame.of(frame), probe, _exposure(exposure), binning, count)

    def _parked(
        self,
        name: str,
        frame: Frame,
        probe: Sequence[float],
        exposure: float,
        binning: int,
        count: int | None,
    ) -> Acquire:
        """Take `count` frames where the probe stands, or one without an axis for it."""
        camera = self._cameras[name]
        y, x = probe

        def acquire(job: Job) -> dict[str, Any]:
            self._scan.place(frame, y, x)
            data = camera.acquire(job, exposure, count or 1, binning)
            packed = pack(data[0] if count is None else data)
            return {"data": packed, "axes": camera.axes(binning), "timestamp": time.time()}

        return acquire

    def _spectrum_image(self, frame: Mapping[str, Any], exposure: float) -> Acquire:
        return self._cube("eels", Frame.of(frame), _exposure(exposure), 1)

    def _diffraction_image(self, frame: Mapping[str, Any], exposure: float, binning: int) -> Acquire:
        return self._cube("ronchigram", Frame.of(frame), _exposure(exposure), binning)

    def _cube(self, name: str, frame: Frame, exposure: float, binning: int) -> Acquire:
        def acquire(job: Job) -> dict[str, Any]:
            self._scan.use(frame)
            camera = self._cameras[name]
            return synchronised.acquire(job, self._hardware, camera, frame, exposure, binning, self._folder)

        return acquire


def _exposure(seconds: float) -> float:
    low, high = EXPOSURES
    if not low <= seconds <= high:
        raise BadRequest(f"{seconds:g} s is no exposure: ask for {low:g} to {high:g} s")
    return float(seconds)
