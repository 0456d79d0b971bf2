"""Signals in a .hspy file: HyperSpy's layout, version 3.3, which rosettasciio and the replay driver read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import h5py
import numpy as np
from numpy.typing import DTypeLike

from .protocol import Axis

FORMAT: Mapping[str, str] = {"file_format": "HyperSpy", "file_format_version": "3.3"}
Metadata: TypeAlias = Mapping[str, "str | float | Metadata"]


def add_signal(
    file: h5py.File,
    title: str,
    signal_type: str,
    axes: tuple[Axis, ...],
    dtype: DTypeLike,
    metadata: Metadata,
) -> h5py.Dataset:
    """Add a signal, to be filled by the caller.

    Parameters
    ----------
    file
        Open for writing, with the attributes `FORMAT`.
    title, signal_type
        Of the signal: HyperSpy's type, such as "EELS", or "".
    axes
        One a dimension; lengths in metres are written in nm.
    dtype
        Of the data.
    metadata
        HyperSpy's, nested, in its units: keV, mrad, nA, s.

    Returns
    -------
    h5py.Dataset
        Zeros, of the shape of the axes.
    """
    group = file.create_group(f"Experiments/{title}")
    group.attrs.update({"package": "hyperspy", "package_version": ""})
    shape = tuple(axis.size for axis in axes)
    navigating = 0 if len(shape) == 2 else 2  # an image is a signal, a spectrum image is navigated
    for index, axis in enumerate(axes):
        unit, factor = ("nm", 1e9) if axis.unit == "m" else (axis.unit, 1.0)
        group.create_group(f"axis-{index}").attrs.update(
            {
                "_type": "UniformDataAxis",
                "name": axis.name,
                "units": unit,
                "offset": axis.offset * factor,
                "scale": axis.scale * factor,
                "size": axis.size,
                "navigate": np.bool_(index < navigating),
                "is_binned": np.bool_(axis.unit == "eV"),
                "index_in_array": index,
            }
        )
    own: Metadata = {"General": {"title": title}, "Signal": {"signal_type": signal_type}}
    _write(group.create_group("metadata"), {**own, **metadata})
    group.create_group("original_metadata")
    return group.create_dataset("data", shape, dtype)


def _write(group: h5py.Group, contents: Metadata) -> None:
    for name, value in contents.items():
        if isinstance(value, Mapping):
            _write(group.create_group(name), value)
        else:
            group.attrs[name] = value
