"""Single frames of a camera, and how it is calibrated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nion.wire import AcquisitionFailed
from .jobs import Job

UPDATE = 0.2  # [s] between two looks at an acquisition that takes long


class Camera:
    """A camera of Nion's; a spectrometer's is summed over the direction without dispersion.

    Parameters
    ----------
    source
        Nion's camera hardware source.
    processing
        "sum_project" for spectra, or None.
    """

    def __init__(self, source: Any, processing: str | None) -> None:
        self.source = source
        self._processing = processing

    def parameters(self, exposure: float, binning: int = 1) -> Any:
        """Nion's frame parameters; `exposure` [s]."""
        return self.source.get_frame_parameters_from_dict(
            {"exposure_ms": exposure * 1e3, "binning": binning, "processing": self._processing}
        )

    def axes(self, binning: int = 1) -> list[dict[str, Any]]:
        """Axes of a frame: size, offset, scale and unit of each."""
        height, width = self.source.get_expected_dimensions(binning)
        calibrations = self.source.get_camera_calibrations(self.parameters(0.01, binning))
        sizes = (width,) if self._processing else (height, width)
        return [
            {"size": size, "offset": one.offset, "scale": one.scale, "unit": one.units}
            for size, one in zip(sizes, calibrations[-len(sizes) :], strict=True)
        ]

    def acquire(self, job: Job, exposure: float, count: int, binning: int = 1) -> NDArray[np.generic]:
        """Take `count` frames of `exposure` [s], ``(count, ...)``; meaningless where the job is aborted."""
        parameters = self.parameters(exposure, binning)
        job.cancel = self.source.acquire_sequence_cancel
        self.source.acquire_sequence_prepare(count)
        try:
            partial = self.source.acquire_sequence_begin(parameters, count)
            while not (partial.is_complete or partial.is_canceled):
                if job.aborted.is_set():
                    break
                partial = self.source.acquire_sequence_continue(update_period=UPDATE)
                job.progress = (partial.valid_count or 0) / count
        finally:
            self.source.acquire_sequence_end()
        if partial.is_canceled and not job.aborted.is_set():
            raise AcquisitionFailed("Nion's camera cancelled the exposure: somebody else uses it")
        return np.asarray(partial.xdata.data)
