"""Signals in vendors' files; the one module that uses rosettasciio (GPL-3, extra `stemline[replay]`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..protocol import Axis, InstrumentError

READERS: Mapping[str, str] = {
    ".dm3": "rsciio.digitalmicrograph",
    ".dm4": "rsciio.digitalmicrograph",
    ".emd": "rsciio.emd",
    ".hspy": "rsciio.hspy",
}
# rosettasciio's metadata below Acquisition_instrument.TEM, and what makes its units (keV, nA, mrad, mm) ours.
OPTICS: Mapping[str, tuple[tuple[str, ...], float]] = {
    "beam_energy": (("beam_energy",), 1e3),
    "beam_current": (("beam_current",), 1e-9),
    "convergence_angle": (("convergence_angle",), 1e-3),
    "collection_angle": (("Detector", "EELS", "collection_angle"), 1e-3),
    "camera_length": (("camera_length",), 1e-3),
}


@dataclass(frozen=True, eq=False)
class Signal:
    """One array of a file.

    Attributes
    ----------
    title
        As the file has it.
    data, axes
        One axis a dimension, in the array's order and in the units of the file.
    optics
        What the file says of the microscope, by the name of the control [eV, A, rad, m].
    """

    title: str
    data: NDArray[np.generic]
    axes: tuple[Axis, ...]
    optics: Mapping[str, float] = field(default_factory=dict)


def read_signals(path: Path) -> tuple[Signal, ...]:
    """Read all signals of a file.

    Raises
    ------
    InstrumentError
        If the file is missing, of an unknown kind, not readable, or rosettasciio is not installed.
    """
    if not path.is_file():
        raise InstrumentError(f"there is no file {path}: correct the path of the recording")
    reader = _plugin(path)
    try:
        return tuple(_signal(found, path) for found in reader.file_reader(str(path)))
    except InstrumentError:
        raise
    except Exception as error:  # the readers raise anything on a damaged file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InstrumentError(
            f"{path} can't be read ({reason}): is it whole, and what its suffix says?"
        ) from error


def _plugin(path: Path) -> Any:
    module = READERS.get(path.suffix.lower())
    if module is None:
        raise InstrumentError(f"{path} is of no known kind: use one of {', '.join(READERS)}")
    try:
        return import_module(module)
    except ImportError as error:
        raise InstrumentError(
            f"{path} needs rosettasciio ({error}): install it with pip install 'stemline[replay]'"
        ) from error


def _signal(found: Mapping[str, Any], path: Path) -> Signal:
    metadata = found.get("metadata", {})
    data = np.asarray(found["data"])
    axes = tuple(_axis(axis, size, path) for axis, size in zip(found["axes"], data.shape, strict=True))
    return Signal(str(metadata.get("General", {}).get("title", "")), data, axes, _optics(metadata))


def _optics(metadata: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    for name, (keys, factor) in OPTICS.items():
        value: Any = metadata.get("Acquisition_instrument", {}).get("TEM", {})
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, (int, float, np.number)) and value > 0:  # 0 is what vendors write for "unknown"
            found[name] = float(value) * factor
    return found


def _axis(found: Mapping[str, Any], size: int, path: Path) -> Axis:
    name, unit = (
        value if isinstance(value, str) else "" for value in (found.get("name"), found.get("units"))
    )
    if "scale" not in found:
        raise InstrumentError(f"axis {name!r} of {path} is not uniformly sampled: replay needs uniform axes")
    return Axis(name, size, float(found["offset"]), float(found["scale"]), unit)
