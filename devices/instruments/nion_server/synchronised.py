"""Spectrum images and 4D-STEM: the camera clocks the scan, and the data go to a file while they come."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from nion.instrumentation import Acquisition

from ..nion.wire import DATASET, AcquisitionFailed, pack
from .cameras import Camera
from .frame import Frame
from .hardware import Hardware
from .images import CHANNELS
from .jobs import Job

CHANNEL_INDEXES = list(range(len(CHANNELS)))


class _ToFile(Acquisition.DataAndMetadataDataChannel):  # type: ignore[misc]  # Nion is not typed here
    """Nion's collector of data; those of one source are also in an HDF5 file that can be read meanwhile."""

    def __init__(self, job: Job, file: h5py.File, source: str, axes: list[dict[str, Any]]) -> None:
        super().__init__()
        self._job, self._file, self._source, self._axes = job, file, source, axes

    def update_data(
        self, channel: Any, source_data: Any, source_slice: Any, dest_slice: slice, data_metadata: Any
    ) -> None:
        super().update_data(channel, source_data, source_slice, dest_slice, data_metadata)
        if channel.segments[0] != self._source:
            return
        data = self.get_data(channel).data
        if DATASET not in self._file:
            chunks = (1, *data.shape[1:]) if data.ndim == 3 else (1, 1, *data.shape[2:])
            self._file.create_dataset(DATASET, data.shape, data.dtype, chunks=chunks)
            self._file[DATASET].attrs["axes"] = json.dumps(self._axes)
            self._file.swmr_mode = True
        row = int(np.prod(data.shape[1:]))
        first, last = dest_slice.start // row, -(-dest_slice.stop // row)
        self._file[DATASET][first:last] = data[first:last]
        self._file[DATASET].flush()
        pixels = int(dest_slice.stop // np.prod(data.shape[2:]))
        self._job.partial = {"path": self._file.filename, "pixels": pixels}
        self._job.progress = float(dest_slice.stop / data.size)


def acquire(
    job: Job, hardware: Hardware, camera: Camera, frame: Frame, exposure: float, binning: int, folder: Path
) -> dict[str, Any]:
    """Take a camera frame of `exposure` [s] at each pixel of a scan.

    Returns
    -------
    dict
        "path" of an HDF5 file: `DATASET`, shape ``(ny, nx, *frame)``, with its axes as JSON; and the
        images of the scan. Nothing, and no file, where the job was aborted.
    """
    scan = hardware.scan
    parameters = scan.get_frame_parameters_from_dict(
        frame.whole(exposure) | {"enabled_channel_indexes": CHANNEL_INDEXES}
    )
    scan.set_enabled_channels(CHANNEL_INDEXES)
    causes: list[Exception] = []
    axes = [
        {"size": n, "offset": -(n - 1) / 2 * frame.pixel, "scale": frame.pixel, "unit": "m"}
        for n in (frame.ny, frame.nx)
    ] + camera.axes(binning)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{job.kind.replace(' ', '_')}_{time.strftime('%Y%m%dT%H%M%S')}_{job.number}.h5"
    job.cancel = scan.grab_synchronized_abort
    results = None
    try:
        with h5py.File(path, "x", libver="latest") as file:
            results = scan.grab_synchronized(
                data_channel=_ToFile(job, file, camera.source.hardware_source_id, axes),
                scan_frame_parameters=parameters,
                camera=camera.source,
                camera_frame_parameters=camera.parameters(exposure, binning),
                error_handler=causes.append,
            )
    except Exception as error:
        cause = causes[0] if causes else error  # Nion's own error says only that it failed
        text = f"Nion's {job.kind} failed: {type(cause).__name__} {cause}"
        raise AcquisitionFailed(text.rstrip()) from error
    finally:
        if results is None:
            path.unlink(missing_ok=True)
    if results is None:
        if not job.aborted.is_set():
            raise AcquisitionFailed(f"Nion ended the {job.kind} early: somebody else aborted it")
        return {}
    images = {name: pack(np.asarray(one.data)) for name, one in zip(CHANNELS, results[0], strict=True)}
    return {"path": str(path), "images": images, "pixel": frame.pixel, "timestamp": time.time()}
