"""The electron energy-loss spectrometer: one spectrum where the probe stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from ophyd import Component as Cpt
from ophyd import EpicsSignal, Kind

from .detector import Detector
from .frame_file import FrameFile
from .reading import Reading
from .watched import SETTING, WatchedSetpoint


class Eels(Detector):
    """EELS detector with its file.

    An event holds `eels_total` and `eels_acquire_time`; the spectrum goes to a file, as the stream key
    `eels_spectrum` ``(energy,)``. A plan that needs the spectrum reads `spectrum` before it creates the
    event, and `energy()` once a run.
    """

    frame = "spectrum"
    dims = ("energy",)
    ahead = ("total", "spectrum")

    acquire = Cpt(EpicsSignal, "EELS:cam1:Acquire", put_complete=True, kind=Kind.omitted)
    acquire_time = Cpt(WatchedSetpoint, "EELS:cam1:AcquireTime", kind=SETTING)  # [s]
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

    @property
    def frame_shape(self) -> tuple[int]:
        """``(energy,)`` of the next spectrum."""
        return (int(self.array_size_x.get()),)

    def duration(self) -> float:
        """Exposure time [s]."""
        return float(self.acquire_time.get())

    def energy(self) -> NDArray[np.float64]:
        """Energy losses of the channels [eV], shape ``(energy,)``."""
        offset, dispersion = float(self.energy_offset.get()), float(self.energy_dispersion.get())
        return offset + dispersion * np.arange(self.frame_shape[0], dtype=np.float64)
