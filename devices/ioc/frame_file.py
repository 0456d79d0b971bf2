"""The HDF5 file of one detector: one dataset that grows by a frame at a time, readable while it grows."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ..instruments.protocol import Axis, Calibrated


class FrameFile:
    """Frames of one shape and dtype in `/entry/data/data`, ``(N, ...)``, with their axes as NXdata.

    The first frame decides shape, dtype and axes, for all must exist before HDF5's single-writer mode (SWMR)
    starts. Each frame is flushed: a reader sees it, and a killed process leaves it, once it is appended.

    Parameters
    ----------
    path
        A file that does not exist yet; its folder is made.

    Raises
    ------
    OSError
        If the file exists or can't be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.count = 0
        self._file = h5py.File(path, "x", libver="latest")
        self._data: h5py.Dataset | None = None

    def append(self, frame: Calibrated) -> None:
        """Write one frame and flush it.

        Raises
        ------
        ValueError
            If shape or dtype differ from those of the first frame.
        OSError
            If the disk is full or gone.
        """
        if self._data is None:
            self._data = _lay_out(self._file, frame)
            self._file.swmr_mode = True
        data = self._data
        if frame.data.shape != data.shape[1:] or frame.data.dtype != data.dtype:
            raise ValueError(
                f"a frame {frame.data.shape} {frame.data.dtype} does not fit a file of {data.shape[1:]} "
                f"{data.dtype}: end the capture before changing the frame"
            )
        data.resize(self.count + 1, axis=0)
        data[self.count] = frame.data
        data.flush()
        self.count += 1

    def close(self) -> None:
        """Close the file; more than once is allowed."""
        self._file.close()


def _lay_out(file: h5py.File, frame: Calibrated) -> h5py.Dataset:
    entry = file.create_group("entry")
    entry.attrs.update({"NX_class": "NXentry", "default": "data"})
    group = entry.create_group("data")
    # a single pixel stands where the probe was, which differs from frame to frame: no axis
    names = [axis.name if axis.size > 1 else "." for axis in frame.axes]
    group.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": [".", *names]})
    for axis in frame.axes:
        if axis.size > 1:
            values, unit = _documented(axis)
            group.create_dataset(axis.name, data=values).attrs["units"] = unit
    shape = frame.data.shape
    data = group.create_dataset(
        "data", shape=(0, *shape), maxshape=(None, *shape), dtype=frame.data.dtype, chunks=(1, *shape)
    )
    data.attrs["units"] = frame.quantity
    return data


def _documented(axis: Axis) -> tuple[NDArray[np.float64], str]:
    """Give the coordinates and unit as documents have them: lengths in nm."""
    return (axis.values() * 1e9, "nm") if axis.unit == "m" else (axis.values(), axis.unit)
