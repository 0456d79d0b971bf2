"""Where the frames of a stream go: to the file, to shared memory for the eye, and into a few numbers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..instruments.protocol import Axis, FrameMode, FrameRequest, InstrumentError
from .failure import one_line

if TYPE_CHECKING:
    from .encoded_file import EncodedFile

PERIOD = 0.05  # [s] between two reports while frames come in: half of what a StreamDatum may take
SLOTS = 2  # of shared memory: what was reported last is left alone while the next frame is shown


class FrameSink:
    """Takes the blocks of one stream.

    Parameters
    ----------
    request
        What was asked of the detector.
    mode
        How it records.
    axes
        Of a frame.
    file
        Where the frames are written; None writes none.
    block
        Its end has room for two frames.
    tell
        Called with a report, at most every 50 ms.
    """

    def __init__(
        self,
        request: FrameRequest,
        mode: FrameMode,
        axes: tuple[Axis, Axis],
        file: EncodedFile | None,
        block: SharedMemory,
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self.request = request
        self._mode, self._file, self._block, self._tell = mode, file, block, tell
        self._count = self._saturated = 0
        self._last: NDArray[np.generic] | None = None
        self._told = time.monotonic()
        self._slot = 0
        self._write_error = ""
        if file is not None:
            self._guarded(lambda: file.begin(request, mode, axes))

    def take(self, block: NDArray[np.generic]) -> None:
        """Take frames ``(n, ky, kx)``.

        Raises
        ------
        InstrumentError
            If they can't be written: there is no use in going on then. Also if they are not as declared.
        """
        if block.dtype.str != np.dtype(self._mode.dtype).str:
            raise InstrumentError(
                f"frames of {block.dtype} in mode {self._mode.name}: {self._mode.dtype} due"
            )
        self._last = block[-1].copy()
        if block.max() >= self._mode.saturation:
            full = block.dtype.type(self._mode.saturation)
            self._saturated += int(np.count_nonzero(np.greater_equal(block, full)))
        self._count += len(block)
        if self._file is not None:
            file = self._file
            self._guarded(lambda: file.append_frames(block))
        if time.monotonic() - self._told >= PERIOD:
            self._tell({"frames": self.report()})

    def end(self) -> dict[str, Any]:
        """Have all frames that came in the file; give the last report."""
        if self._file is not None and not self._write_error:
            with contextlib.suppress(InstrumentError):  # it is in the report
                self._guarded(self._file.end)
        return self.report()

    def _guarded(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (OSError, ValueError) as error:
            self._write_error = one_line(error)
            raise InstrumentError(self._write_error) from None

    def report(self) -> dict[str, Any]:
        """Say how far it is: "count", "saturated" pixels, the last frame if any, what the file has."""
        report: dict[str, Any] = {"count": self._count, "saturated": self._saturated}
        if self._last is not None:
            report |= self._share(self._last)
        if self._file is not None:
            report["captured"] = self._file.count
        if self._write_error:
            report["write_error"] = self._write_error
        self._told = time.monotonic()
        return report

    def _share(self, frame: NDArray[np.generic]) -> dict[str, Any]:
        self._slot = (self._slot + 1) % SLOTS
        offset = self._block.size - (self._slot + 1) * frame.nbytes
        np.ndarray(frame.shape, frame.dtype, self._block.buf, offset)[...] = frame
        total = float(frame.sum(dtype=np.float64))
        return {"shape": frame.shape, "dtype": frame.dtype.str, "offset": offset, "total": total}
