"""Record a HAADF survey and a spectrum image with any instrument, as one .hspy file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np

from .hspy_file import FORMAT, Metadata, add_signal
from .protocol import Blanker, Calibrated, Controls, Instrument, InstrumentError, ScanRequest

CHANNEL = "HAADF"
# HyperSpy's names and units of what the controls know.
METADATA: Mapping[str, tuple[str, float]] = {
    "beam_energy": ("beam_energy", 1e-3),  # [keV]
    "beam_current": ("beam_current", 1e9),  # [nA]
    "convergence_angle": ("convergence_angle", 1e3),  # [mrad]
    "camera_length": ("camera_length", 1e3),  # [mm]
}


def record(
    instrument: Instrument,
    path: Path,
    shape: tuple[int, int] | None = None,
    dwell_time: float = 0.02,
    field_of_view: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Measure a HAADF survey, then a spectrum at the centre of each of its pixels.

    Parameters
    ----------
    instrument
        Needs a scanner and a spectrometer. The beam is on the specimen during exposures only.
    path
        Of the file to write, ending in .hspy; it appears when the recording is complete.
    shape
        ``(ny, nx)`` pixels; by default those of the instrument's default scan.
    dwell_time
        Of each spectrum [s]; the survey has that of the default scan.
    field_of_view
        Along x [m]; by default that of the default scan.
    progress
        Called with the number of spectra measured, and to be measured.

    Returns
    -------
    Path
        Of the file: the signals "HAADF" ``(y, x)`` and "EELS" ``(y, x, energy)``, axes in nm and eV.

    Raises
    ------
    InstrumentError
        If the instrument lacks a part or refuses the scan, or the file exists or can't be there.
    Aborted
        If the instrument was aborted; there is no file then.
    """
    scanner, spectrometer, blanker = instrument.scanner, instrument.spectrometer, instrument.blanker
    if scanner is None or spectrometer is None:
        raise InstrumentError(
            f"{instrument.name} lacks a scanner or a spectrometer: compose an instrument that has both"
        )
    _check(path)
    default = scanner.default_scan
    request = ScanRequest(
        shape or default.shape,
        default.field_of_view if field_of_view is None else field_of_view,
        default.rotation,
        default.dwell_time,
    )
    scanner.configure(request)
    metadata = _metadata(instrument.controls, dwell_time)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with h5py.File(partial, "w") as file:
            file.attrs.update(FORMAT)
            survey = _exposed(blanker, lambda: scanner.scan(request)[CHANNEL])
            add_signal(file, CHANNEL, "", survey.axes, survey.data.dtype, metadata)[...] = survey.data
            cube: h5py.Dataset | None = None
            positions = [axis.values() for axis in survey.axes]
            for done, (iy, ix) in enumerate(np.ndindex(survey.data.shape), start=1):
                scanner.move(float(positions[0][iy]), float(positions[1][ix]))
                spectrum = _exposed(blanker, lambda: spectrometer.expose(dwell_time))
                if cube is None:
                    axes = (*survey.axes, *spectrum.axes)
                    cube = add_signal(file, "EELS", "EELS", axes, spectrum.data.dtype, metadata)
                cube[iy, ix] = spectrum.data
                if progress is not None:
                    progress(done, survey.data.size)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def _check(path: Path) -> None:
    if path.suffix != ".hspy":
        raise InstrumentError(f"recordings are written as .hspy, not as {path.name}: change the suffix")
    if path.exists():
        raise InstrumentError(f"{path} exists: give the recording another name, or remove the file")
    if not path.parent.is_dir():
        raise InstrumentError(f"there is no folder {path.parent}: make it, or record elsewhere")


def _exposed(blanker: Blanker | None, expose: Callable[[], Calibrated]) -> Calibrated:
    if blanker is None:
        return expose()
    blanker.unblank()
    try:
        return expose()
    finally:
        blanker.blank()


def _metadata(controls: Controls | None, dwell_time: float) -> Metadata:
    values = {} if controls is None else controls.state().values
    microscope = {
        name: values[control].readback * factor
        for control, (name, factor) in METADATA.items()
        if control in values
    }
    detector = {"dwell_time": dwell_time}
    if "collection_angle" in values:
        detector["collection_angle"] = values["collection_angle"].readback * 1e3  # [mrad]
    return {"Acquisition_instrument": {"TEM": {**microscope, "Detector": {"EELS": detector}}}}
