"""The HDF5 file of one detector: one dataset that grows by a frame at a time, readable while it grows."""

from __future__ import annotations

import re
from pathlib import Path

import h5py

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
        if self.broken:
            raise OSError("an earlier frame could not be written: end the capture")
        try:
            if self._data is None:
                self._data = _lay_out(self._file, frame)
                self._file.swmr_mode = True
            self._write(self._data, frame)
        except (OSError, RuntimeError) as error:
            self.broken = True
            raise OSError(_reason(error)) from error

    def _write(self, data: h5py.Dataset, frame: Calibrated) -> None:
        if frame.data.shape != data.shape[1:] or frame.data.dtype != data.dtype:
            raise ValueError(
                f"a frame {frame.data.shape} {frame.data.dtype} does not fit a file of {data.shape[1:]} "
                f"{data.dtype}: end the capture before changing the frame"
            )
        # A chunk is a frame and passes no filter: written directly it takes a third of `data[n] = frame`.
        data.id.set_extent((self.count + 1, *frame.data.shape))
        data.id.write_direct_chunk((self.count, *(0,) * frame.data.ndim), frame.data.tobytes())
        data.id.flush()
        self.count += 1

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


def _lay_out(file: h5py.File, frame: Calibrated) -> h5py.Dataset:
    entry = file.create_group("entry")
    entry.attrs.update({"NX_class": "NXentry", "default": "data"})
    group = entry.create_group("data")
    # a single pixel stands where the probe was, which differs from frame to frame: no axis
    names = [axis.name if axis.size > 1 else "." for axis in frame.axes]
    group.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": [".", *names]})
    for axis in frame.axes:
        if axis.size > 1:
            scale, unit = documented(axis)
            group.create_dataset(axis.name, data=axis.values() * scale).attrs["units"] = unit
    shape = frame.data.shape
    data = group.create_dataset(
        "data", shape=(0, *shape), maxshape=(None, *shape), dtype=frame.data.dtype, chunks=(1, *shape)
    )
    data.attrs["units"] = frame.quantity
    return data


def _reason(error: Exception) -> str:
    """Find the system's words in what h5py tells of HDF5's internals."""
    text = " ".join(str(error).split())
    words = re.search(r"error message = '([^']*)'", text)
    return words[1] if words else text


def documented(axis: Axis) -> tuple[float, str]:
    """Give the factor to the unit that documents have, and that unit: lengths in nm, angles in mrad."""
    return {"m": (1e9, "nm"), "rad": (1e3, "mrad")}.get(axis.unit, (1.0, axis.unit))
