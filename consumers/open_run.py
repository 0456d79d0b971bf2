"""A stream of a run as an xarray data set with calibrated axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from tiled.client.container import Container

from .axes import Axis, as_measured, axis, dims, flown, raster_axes
from .run_stream import read_events

if TYPE_CHECKING:
    import xarray

FACTS = ("uid", "scan_id", "plan_name", "sample", "operator", "proposal", "microscope", "beam_energy")
BOOKKEEPING = ("seq_num", "time")


def open_run(run: Container, stream: str = "primary", keys: Iterable[str] | None = None) -> xarray.Dataset:
    """Read a stream; a run that goes on gives what is there now.

    Parameters
    ----------
    run
        Of the catalog: ``runs[uid]``.
    stream
        Its name.
    keys
        Data keys to read, e.g. to leave out large frames; all by default.

    Returns
    -------
    xarray.Dataset
        One variable a data key, along ``time`` (one element an event) and along the axes of its array, which
        have coordinates where they are known: ``energy`` [eV], ``ky`` and ``kx`` [mrad], ``y`` and ``x`` [nm
        from the centre of the field of view]. The patterns of a scan that has come to its end are along ``y``
        and ``x`` instead of ``time``. Variables and coordinates have ``attrs["units"]``; the whole has the
        run's plan, sample, scan_id and status in its ``attrs``.

    Raises
    ------
    KeyError
        If the run has no such stream, or the stream no such key.
    """
    import xarray

    run.refresh()
    if stream not in run.base:
        raise KeyError(
            f"run {run.metadata['start']['uid']} has no stream {stream!r}, only {', '.join(run.base)}"
        )
    node = run.base[stream]
    about = node.metadata
    wanted = list(about["data_keys"] if keys is None else keys)
    if unknown := [key for key in wanted if key not in about["data_keys"]]:
        raise KeyError(f"stream {stream!r} has no {', '.join(unknown)}, only {', '.join(about['data_keys'])}")
    events = read_events(run, stream)
    # What is no column of the table of events is a node of its own, once its first event has arrived.
    nodes = {key: node.base[key] for key in node.base if key in wanted}
    # Frames arrive before the events that they belong to.
    lengths = [array.shape[0] for array in nodes.values()]
    if not flown(about):
        lengths.append(len(events.get("seq_num", ())))
    count = min(lengths, default=0)
    data = {key: events[key][:count] for key in wanted if key in events}
    data |= {key: np.asarray(array[:count]) for key, array in nodes.items()}
    axes = _Axes(run.metadata["start"], as_measured(about, events))
    variables = {
        key: (axes.of(key, values.shape), values, _units(about, key)) for key, values in data.items()
    }
    coordinates = {name: _times(events, name, count) for name in BOOKKEEPING if name in events}
    coordinates |= axes.coordinates()
    raster = raster_axes(run.metadata["start"]) if flown(about) else ()
    if raster and count == raster[0].values.size * raster[1].values.size:
        shape = tuple(axis.values.size for axis in raster)
        variables = {
            key: (("y", "x", *names[1:]), values.reshape(*shape, *values.shape[1:]), units)
            for key, (names, values, units) in variables.items()
        }
        coordinates |= {axis.name: (axis.name, axis.values, {"units": axis.unit}) for axis in raster}
    return xarray.Dataset(variables, coordinates, attrs=_facts(run.metadata))


class _Axes:
    """The axes of all arrays of a stream: those that are equal have one name."""

    def __init__(self, start: Mapping[str, Any], stream: Mapping[str, Any]) -> None:
        self._start, self._stream = start, stream
        self._known: dict[str, tuple[int, Axis | None]] = {}

    def of(self, key: str, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Name the axes of an array; another detector's axis of that name gets a name of its own."""
        first, *names = dims(self._stream, key, len(shape))
        return first, *(self._name(key, name, size) for name, size in zip(names, shape[1:], strict=True))

    def coordinates(self) -> dict[str, tuple[str, Any, dict[str, str]]]:
        """Coordinates of the axes that are known."""
        return {
            name: (name, known.values, {"units": known.unit})
            for name, (_, known) in self._known.items()
            if known is not None
        }

    def _name(self, key: str, name: str, size: int) -> str:
        found = axis(self._start, self._stream, key, name, size)
        before = self._known.setdefault(name, (size, found))
        if before[0] == size and _equal(before[1], found):
            return name
        own = f"{key}_{name}"
        self._known[own] = (size, found)
        return own


def _equal(one: Axis | None, other: Axis | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.unit == other.unit and np.array_equal(one.values, other.values)


def _times(events: Mapping[str, Any], name: str, count: int) -> tuple[str, Any, dict[str, str]]:
    values = events[name][:count]
    if name == "time":
        return "time", (1e9 * values).astype("datetime64[ns]"), {}
    return "time", values, {}


def _units(stream: Mapping[str, Any], key: str) -> dict[str, str]:
    unit = stream["data_keys"][key].get("units")
    return {"units": str(unit)} if unit else {}


def _facts(metadata: Mapping[str, Any]) -> dict[str, Any]:
    start, stop = metadata["start"], metadata.get("stop") or {}
    facts = {name: start[name] for name in FACTS if name in start}
    return {**facts, "status": stop.get("exit_status", "running"), "reason": stop.get("reason", "")}
