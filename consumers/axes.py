"""Coordinates of an array's axes in physical units, from what its run and its stream say about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPATIAL = ("y", "x")


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of an array.

    Attributes
    ----------
    name
        "energy", "y", "x", ...
    values
        Coordinates ``(n,)`` of its elements.
    unit
        Theirs: "eV", "nm", ...
    """

    name: str
    values: NDArray[np.float64]
    unit: str


def axis(start: Mapping[str, Any], stream: Mapping[str, Any], key: str, name: str, size: int) -> Axis | None:
    """Find the coordinates of one axis.

    The configuration of the detector says it: ``<detector>_<axis>_offset`` and
    ``<detector>_<axis>_dispersion``, or ``<detector>_pixel_size`` for images, whose origin is the centre of
    the field of view. Maps without a detector (a prediction) span the field of view of the survey.

    Parameters
    ----------
    start
        Start document of the run.
    stream
        Descriptor of the stream, or the metadata of its node.
    key
        Data key of the array.
    name
        Of the axis, one of the data key's ``dims``.
    size
        How many elements the axis has.

    Returns
    -------
    Axis or None
        None when nothing is known: count elements.
    """
    detector = stream["data_keys"][key].get("object_name", "")
    configuration = stream.get("configuration", {}).get(detector, {})
    values = configuration.get("data", {})
    about = configuration.get("data_keys", {})
    scale, offset = f"{detector}_{name}_dispersion", f"{detector}_{name}_offset"
    if scale in values and offset in values and np.isfinite([values[scale], values[offset]]).all():
        unit = str(about.get(scale, {}).get("units") or "")
        return Axis(name, float(values[offset]) + float(values[scale]) * np.arange(size, dtype=float), unit)
    if name in SPATIAL and (pixel := _pixel_size(start, stream, key, values.get(f"{detector}_pixel_size"))):
        return Axis(name, pixel * (np.arange(size, dtype=float) - (size - 1) / 2), "nm")
    return None


def dims(stream: Mapping[str, Any], key: str, ndim: int) -> tuple[str, ...]:
    """Name the axes of the array ``(events, ...)`` of a data key, the axis of the events "time".

    Tiled's own names for arrays in events (2.0.12 of the plugins) call axes of equal length the same.
    """
    known = tuple(stream["data_keys"].get(key, {}).get("dims") or ())
    inner = known if len(known) == ndim - 1 else tuple(f"{key}_{i}" for i in range(1, ndim))
    return ("time", *inner)


def flown(stream: Mapping[str, Any]) -> bool:
    """Say whether a stream is of a fly scan: it has frames in files, and no events."""
    keys = stream["data_keys"].values()
    return bool(keys) and all(key.get("external") == "STREAM:" for key in keys)


def raster_axes(start: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Give the axes y and x [nm] of the scan that a run consists of; none if it is no scan."""
    scan = start.get("scan") or {}
    if not scan.get("shape") or not scan.get("field_of_view"):
        return ()
    pixel = float(scan["field_of_view"]) / scan["shape"][1]
    return tuple(
        Axis(name, pixel * (np.arange(size, dtype=float) - (size - 1) / 2), "nm")
        for name, size in zip(SPATIAL, scan["shape"], strict=True)
    )


def _pixel_size(
    start: Mapping[str, Any], stream: Mapping[str, Any], key: str, of_detector: float | None
) -> float | None:
    if of_detector is not None:
        return float(of_detector) if np.isfinite(of_detector) else None
    field_of_view = start.get("survey", {}).get("field_of_view")
    shape = stream["data_keys"][key]["shape"]
    return float(field_of_view) / shape[-1] if field_of_view and shape else None


def as_measured(stream: Mapping[str, Any], events: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Put what events say about a detector's settings in place of what was set when the stream began.

    Parameters
    ----------
    stream
        Descriptor of the stream.
    events
        Its scalars, one value an event.

    Returns
    -------
    dict
        The descriptor, with settings that changed between events as NaN: there are no coordinates that hold
        for all of them.
    """
    configuration = {
        device: {**about, "data": {**about["data"], **_settings(about["data"], events)}}
        for device, about in stream.get("configuration", {}).items()
    }
    return {**stream, "configuration": configuration}


def _settings(data: Mapping[str, Any], events: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    found = {}
    for key in data:
        values = events.get(key, np.empty(0))
        if len(values) and values.dtype.kind in "iuf":
            found[key] = float(values[0]) if (values == values[0]).all() else float("nan")
    return found
