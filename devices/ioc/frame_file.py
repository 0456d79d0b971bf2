"""The HDF5 file of one detector: one dataset that grows by a frame at a time, readable while it grows."""

from __future__ import annotations

import re
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

    Attributes
    ----------
    count
        Frames in the file.
    broken
        Whether a frame could not be written. Keep a reference to a broken file, and end the process with
        `os._exit`: see `close`.

    Raises
    ------
    OSError
        If the file exists or can't be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.count = 0
        self.broken = False
        try:
            self._file = h5py.File(path, "x", libver="latest")
        except OSError as error:
            raise type(error)(_reason(error)) from error
        self._data: h5py.Dataset | None = None

    def append(self, frame: Calibrated) -> None:
        """Write one frame and flush it.

        Raises
        ------
        ValueError
            If shape or dtype differ from those of the first frame.
        OSError
            If the disk is full or gone, now or at an earlier frame.
        """
        self.append_frames(frame.data[np.newaxis], frame.axes, frame.quantity)

    def append_frames(self, frames: NDArray[np.generic], axes: tuple[Axis, ...], quantity: str) -> None:
        """Write frames ``(n, ...)`` with `axes` and flush them together; raises what `append` does."""
        if self.broken:
            raise OSError("an earlier frame could not be written: end the capture")
        try:
            if self._data is None:
                self._data = _lay_out(self._file, frames[0], axes, quantity)
                self._file.swmr_mode = True
            self._write(self._data, frames)
        except (OSError, RuntimeError) as error:
            self.broken = True
            raise OSError(_reason(error)) from error

    def _write(self, data: h5py.Dataset, frames: NDArray[np.generic]) -> None:
        if frames.shape[1:] != data.shape[1:] or frames.dtype != data.dtype:
            raise ValueError(
                f"a frame {frames.shape[1:]} {frames.dtype} does not fit a file of {data.shape[1:]} "
                f"{data.dtype}: end the capture before changing the frame"
            )
        # A chunk is a frame and passes no filter: written directly it takes a third of `data[n] = frame`.
        data.id.set_extent((self.count + len(frames), *frames.shape[1:]))
        rest = (0,) * (frames.ndim - 1)
        for number, frame in enumerate(frames, self.count):
            data.id.write_direct_chunk((number, *rest), np.ascontiguousarray(frame))
        data.id.flush()
        self.count += len(frames)

    def close(self) -> None:
        """Close the file; more than once is allowed. A broken one is left as it is.

        HDF5 would try to write what it could not write before, fail, and crash when the object or the process
        goes. What was flushed can be read with ``swmr=True``.
        """
        if not self.broken:
            try:
                self._file.close()
            except (OSError, RuntimeError) as error:
                self.broken = True
                raise OSError(_reason(error)) from error


def _lay_out(
    file: h5py.File, frame: NDArray[np.generic], axes: tuple[Axis, ...], quantity: str
) -> h5py.Dataset:
    entry = file.create_group("entry")
    entry.attrs.update({"NX_class": "NXentry", "default": "data"})
    group = entry.create_group("data")
    # a single pixel stands where the probe was, which differs from frame to frame: no axis
    names = [axis.name if axis.size > 1 else "." for axis in axes]
    group.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": [".", *names]})
    for axis in axes:
        if axis.size > 1:
            values, unit = _documented(axis)
            group.create_dataset(axis.name, data=values).attrs["units"] = unit
    shape = frame.shape
    data = group.create_dataset(
        "data", shape=(0, *shape), maxshape=(None, *shape), dtype=frame.dtype, chunks=(1, *shape)
    )
    data.attrs["units"] = quantity
    return data


def _reason(error: Exception) -> str:
    """Find the system's words in what h5py tells of HDF5's internals."""
    text = " ".join(str(error).split())
    words = re.search(r"error message = '([^']*)'", text)
    return words[1] if words else text


def _documented(axis: Axis) -> tuple[NDArray[np.float64], str]:
    """Give the coordinates and unit as documents have them: lengths in nm, angles in mrad."""
    scale, unit = {"m": (1e9, "nm"), "rad": (1e3, "mrad")}.get(axis.unit, (1.0, axis.unit))
    return axis.values() * scale, unit
