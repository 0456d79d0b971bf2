"""A recorded spectrum image and survey, with axes mapped by their metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..protocol import Axis, Calibrated, InstrumentError
from .vendor_file import Signal, read_signals

LENGTH: Mapping[str, float] = {  # [m]
    "m": 1.0,
    "mm": 1e-3,
    "um": 1e-6,
    "µm": 1e-6,
    "μm": 1e-6,
    "nm": 1e-9,
    "Å": 1e-10,
    "A": 1e-10,
    "pm": 1e-12,
}
ENERGY: Mapping[str, float] = {"meV": 1e-3, "eV": 1.0, "keV": 1e3}  # [eV]
TOLERANCE = 1e-3  # of a pixel size: vendors write single precision and rounded values


@dataclass(frozen=True, eq=False)
class Recording:
    """What was measured, read-only.

    Attributes
    ----------
    spectra
        ``(ny, nx, energy)``, axes "y", "x" [m] from the centre and "energy" [eV].
    survey
        ``(ny * oversampling, nx * oversampling)``, axes "y" and "x" [m].
    oversampling
        Survey pixels along the side of a pixel of the spectrum image.
    optics
        What the spectrum image's file says of the microscope, by the name of the control [eV, A, rad, m].
    """

    spectra: Calibrated
    survey: Calibrated
    oversampling: int
    optics: Mapping[str, float]

    @property
    def grid(self) -> tuple[Axis, Axis]:
        """Axes "y" and "x" [m] of the recorded positions."""
        y, x, _ = self.spectra.axes
        return y, x


def open_recording(
    spectrum_image: Path,
    survey: Path | None = None,
    pixel_size: float | None = None,
    spectrum_image_title: str | None = None,
    survey_title: str | None = None,
) -> Recording:
    """Read a recording; `pixel_size` [m] is that of the spectrum image where the file does not say.

    Raises
    ------
    InstrumentError
        If a file can't be read, does not hold one such signal, lacks a length unit while `pixel_size` is
        None, has one that contradicts it, holds values that are not finite, or the survey does not fit.
    """
    signals = read_signals(spectrum_image)
    cube = _choose(
        signals, _is_spectrum_image, spectrum_image_title, f"spectrum image (y, x, eV) in {spectrum_image}"
    )
    e, y, x = (_index(cube, part) for part in (_is_energy, _named("y"), _named("x")))
    pixel = _pixel_size(cube.axes[y], cube.axes[x], spectrum_image, pixel_size)
    energy = cube.axes[e]
    unit = ENERGY[energy.unit]
    ny, nx = cube.axes[y].size, cube.axes[x].size
    spectra = Calibrated(
        _frozen(np.transpose(cube.data, (y, x, e)), spectrum_image),
        (
            *_centred(ny, nx, pixel),
            Axis("energy", energy.size, energy.offset * unit, energy.scale * unit, "eV"),
        ),
    )

    source = survey or spectrum_image
    image = _choose(
        signals if survey is None else read_signals(survey),
        _is_image,
        survey_title,
        f"survey (y, x) in {source}",
    )
    y, x = (_index(image, _named(name)) for name in "yx")
    data = _frozen(np.transpose(image.data, (y, x)), source)
    oversampling = max(data.shape[0] // ny, 1)
    if data.shape != (ny * oversampling, nx * oversampling):
        raise InstrumentError(
            f"the survey {data.shape} in {source} is not a whole number of times the spectrum image "
            f"{(ny, nx)}: give the HAADF image of the same area"
        )
    if image.axes[x].unit in LENGTH:
        _pixel_size(image.axes[y], image.axes[x], source, pixel / oversampling)
    survey_axes = _centred(*data.shape, pixel / oversampling)
    return Recording(spectra, Calibrated(data, survey_axes, "HAADF"), oversampling, cube.optics)


def _is_energy(axis: Axis) -> bool:
    return axis.unit in ENERGY


def _named(name: str) -> Callable[[Axis], bool]:
    return lambda axis: axis.name.lower() == name and not _is_energy(axis)


def _index(signal: Signal, wanted: Callable[[Axis], bool]) -> int:
    return next(index for index, axis in enumerate(signal.axes) if wanted(axis))


def _is_spectrum_image(signal: Signal) -> bool:
    return len(signal.axes) == 3 and _has(signal, _is_energy, _named("y"), _named("x"))


def _is_image(signal: Signal) -> bool:
    return len(signal.axes) == 2 and _has(signal, _named("y"), _named("x"))


def _has(signal: Signal, *parts: Callable[[Axis], bool]) -> bool:
    return all(sum(map(part, signal.axes)) == 1 for part in parts)


def _choose(
    signals: tuple[Signal, ...], suits: Callable[[Signal], bool], title: str | None, what: str
) -> Signal:
    found = [signal for signal in signals if suits(signal) and title in (None, signal.title)]
    if len(found) == 1:
        return found[0]
    held = ", ".join(map(_text, signals))
    raise InstrumentError(
        f"{len(found) or 'no'} {what}: it holds {held or 'nothing'}; name one by its title, or another file"
    )


def _pixel_size(y: Axis, x: Axis, path: Path, configured: float | None) -> float:
    """Find the side of a square pixel [m] in the file, else in the configuration; both must agree."""
    in_file = [abs(axis.scale) * LENGTH[axis.unit] for axis in (y, x) if axis.unit in LENGTH]
    if not in_file and configured is not None:
        return configured
    if not in_file:
        raise InstrumentError(f"{path} gives no length unit (x in {x.unit!r}): set pixel_size [nm]")
    expected = in_file[-1] if configured is None else configured
    if not np.allclose(in_file, expected, rtol=TOLERANCE, atol=0):
        sizes = ", ".join(f"{size * 1e9:.6g}" for size in in_file)
        raise InstrumentError(
            f"{path} has pixels of {sizes} nm, not squares of {expected * 1e9:.6g} nm: "
            "correct pixel_size, or give the survey of the same area"
        )
    return expected


def _centred(ny: int, nx: int, pixel: float) -> tuple[Axis, Axis]:
    return (
        Axis("y", ny, -(ny - 1) / 2 * pixel, pixel, "m"),
        Axis("x", nx, -(nx - 1) / 2 * pixel, pixel, "m"),
    )


def _frozen(data: NDArray[np.generic], path: Path) -> NDArray[np.generic]:
    """Copy to a contiguous, read-only array; refused if a value is not finite."""
    data = np.array(data, order="C")
    if data.dtype.kind not in "iuf":
        raise InstrumentError(f"{path} holds values of type {data.dtype}: replay needs real numbers")
    bad = np.argwhere(~np.isfinite(data))
    if len(bad):
        raise InstrumentError(
            f"{path} holds {len(bad)} values that are not finite, "
            f"the first at {tuple(map(int, bad[0]))}: mend the file"
        )
    data.setflags(write=False)
    return data


def _text(signal: Signal) -> str:
    axes = (f"{axis.name} {axis.size} {axis.unit}".strip() for axis in signal.axes)
    return f"{signal.title!r} ({' x '.join(axes)})"
