"""The electron energy-loss spectrometer: one spectrum where the probe stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ophyd import Component as Cpt
from ophyd import Device, EpicsSignal, Kind

from .action import Action
from .exposure import Exposure, call_off
from .frame_file import DataRoots, FrameFile
from .ioc_link import IOCLink
from .reading import Reading
from .setpoint import Setpoint


class Eels(Device):  # type: ignore[misc]
    """EELS detector with its file.

    An event holds `eels_total`; the spectrum goes to a file, as the stream key `eels_spectrum` ``(energy,)``.
    A plan that needs the spectrum reads `spectrum` before it creates the event, and `energy()` once a run.

    Parameters
    ----------
    prefix
        Of the microscope, e.g. "EM1:".
    roots
        Where the IOC writes spectra and readers find them; None writes none.
    """

    ioc = Cpt(IOCLink, "IOC:", kind=Kind.omitted)
    acquire = Cpt(EpicsSignal, "EELS:cam1:Acquire", put_complete=True, kind=Kind.omitted)
    acquire_time = Cpt(Setpoint, "EELS:cam1:AcquireTime", kind=Kind.config)  # [s]
    state = Cpt(Reading, "EELS:cam1:DetectorState_RBV", string=True, kind=Kind.omitted)
    status_message = Cpt(Reading, "EELS:cam1:StatusMessage_RBV", string=True, kind=Kind.omitted)
    array_counter = Cpt(Reading, "EELS:cam1:ArrayCounter_RBV", kind=Kind.omitted)
    array_size_x = Cpt(Reading, "EELS:cam1:ArraySizeX_RBV", kind=Kind.omitted)
    data_type = Cpt(Reading, "EELS:cam1:DataType_RBV", string=True, kind=Kind.omitted)
    saturation = Cpt(Reading, "EELS:cam1:Saturation_RBV", kind=Kind.config)  # [counts]
    energy_offset = Cpt(Reading, "EELS:Energy:Offset_RBV", kind=Kind.config)  # [eV]
    energy_dispersion = Cpt(Reading, "EELS:Energy:Dispersion_RBV", kind=Kind.config)  # [eV/channel]
    spectrum = Cpt(Reading, "EELS:image1:ArrayData", kind=Kind.omitted)
    total = Cpt(Reading, "EELS:Stats1:Total_RBV", kind=Kind.hinted)
    hdf1 = Cpt(FrameFile, "EELS:HDF1:", kind=Kind.omitted)

    def __init__(self, prefix: str, *, roots: DataRoots | None = None, **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self.hdf1.roots = roots
        self._exposure = Exposure(self.acquire, self.state, self.status_message, self.hdf1, self._duration)
        self._action: Action | None = None

    @property
    def frame_shape(self) -> tuple[int]:
        """``(energy,)`` of the next spectrum."""
        return (int(self.array_size_x.get()),)

    def energy(self) -> NDArray[np.float64]:
        """Energy losses of the channels [eV], shape ``(energy,)``."""
        offset, dispersion = float(self.energy_offset.get()), float(self.energy_dispersion.get())
        return offset + dispersion * np.arange(self.frame_shape[0], dtype=np.float64)

    def trigger(self) -> Action:
        """Take one spectrum; the status fails with the IOC's status message."""
        self._action = self._exposure.start(self)
        return self._action

    def unstage(self) -> list[object]:
        """Abort an exposure that nobody waits for any more, and close the file."""
        call_off(self._action, self.ioc)
        return list(super().unstage())

    def pause(self) -> None:
        """Abort an exposure in progress, so that a pause of the RunEngine blanks the beam at once."""
        call_off(self._action, self.ioc)

    def resume(self) -> None:
        """Nothing is to be taken up: Bluesky repeats the point from its last checkpoint."""

    def describe(self) -> dict[str, dict[str, Any]]:
        """Describe the readings, and the spectra if they are written."""
        keys: dict[str, dict[str, Any]] = super().describe()
        if self.hdf1.capturing:
            keys[self._spectrum_key] = {
                "source": f"PV:{self.spectrum.pvname}",
                "dtype": "array",
                "dtype_numpy": np.dtype(self.data_type.get()).str,
                "shape": list(self.frame_shape),
                "dims": ["energy"],
                "units": "counts",
                "external": "STREAM:",
            }
        return keys

    def get_index(self) -> int:
        """Count the spectra in the file."""
        return int(self.hdf1.captured)

    def collect_asset_docs(self, index: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Refer to the newest spectrum in the file."""
        if self.hdf1.capturing:
            yield from self.hdf1.documents(self._spectrum_key, lambda: self.frame_shape)

    @property
    def _spectrum_key(self) -> str:
        return f"{self.name}_spectrum"

    def _duration(self) -> float:
        return float(self.acquire_time.get())
