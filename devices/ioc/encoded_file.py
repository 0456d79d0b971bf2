"""The container of one detector's frames: encoded in threads of their own, written in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemline.analysis.codecs import encode
from stemline.analysis.container import Calibration, FrameWriter

from ..instruments.protocol import Axis, FrameMode, FrameRequest
from .frame_file import documented

THREADS = 2  # encoders; they hold no lock of Python's while they are at it
WAITING = 8  # chunks that may wait for them: beyond, the detector's own buffer has to hold the frames
USUAL, LARGEST = 16, 64  # frames of a chunk
LATEST = 0.05  # [s] that the first frame of a chunk may wait for the last
PERIOD = 0.02  # [s] between two flushes


class EncodedFile:
    """Patterns as encoded chunks, in a container that can be read while it grows.

    The first stream decides about shape, dtype and chunks: single frames are chunks of their own, so that
    each is there at once; of many, each chunk has up to 64, or what comes in 50 ms, where that divides their
    number, and up to 16 where nothing does.
    A shorter chunk can only be the last one: after it nothing more is taken.

    Parameters
    ----------
    path
        A file that does not exist yet; its folder is made.

    Attributes
    ----------
    count
        Frames that a reader finds.
    broken
        Whether a frame could not be written. Keep a reference to a broken file, and end the process with
        `os._exit`.

    Raises
    ------
    OSError
        If the file exists or its folder can't be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._writer: FrameWriter | None = None
        self._encoders = ThreadPoolExecutor(THREADS, thread_name_prefix="encode")
        self._encoding: deque[tuple[Future[bytes], NDArray[np.generic]]] = deque()
        self._spare: list[NDArray[np.generic]] = []  # fresh memory costs as much as filling it
        self._flushed = 0.0
        self._closed = False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("x").close()  # now is the time to find out, not at the first frame
        path.unlink()

    @property
    def broken(self) -> bool:
        """Whether something could not be written."""
        return self._writer is not None and self._writer.broken

    def begin(self, request: FrameRequest, mode: FrameMode, axes: tuple[Axis, Axis]) -> None:
        """Make ready for a stream.

        Raises
        ------
        OSError
            If the disk is full or gone.
        """
        if self._writer is None:
            self._writer = FrameWriter(
                self.path,
                shape=(axes[0].size, axes[1].size),
                dtype=mode.dtype,
                chunk_frames=chunk_frames(request.count, request.dwell_time),
                calibration={axis.name: _calibration(axis) for axis in axes},
                metadata={
                    "mode": mode.name,
                    "quantity": mode.quantity,
                    "saturation": mode.saturation,
                    "dwell_time": request.dwell_time,
                },
            )
            self._waiting = np.empty((self._writer.chunk_frames, *self._writer.shape), self._writer.dtype)
            self._filled = 0

    def append_frames(self, frames: NDArray[np.generic]) -> None:
        """Take frames ``(n, ky, kx)``; whole chunks are encoded and written as soon as may be.

        Raises
        ------
        ValueError
            If shape or dtype are not the file's, or its last chunk is written.
        OSError
            If the disk is full or gone, now or at an earlier frame.
        """
        writer = self._open_writer()
        if writer.broken:
            raise OSError(f"{self.path}: an earlier chunk could not be written: end the capture")
        if frames.shape[1:] != writer.shape or frames.dtype != writer.dtype:
            raise ValueError(
                f"frames {frames.shape[1:]} {frames.dtype} do not fit a file of {writer.shape} "
                f"{writer.dtype}: end the capture before changing the mode"
            )
        while len(frames):
            taken = min(len(frames), writer.chunk_frames - self._filled)
            self._waiting[self._filled : self._filled + taken] = frames[:taken]
            self._filled += taken
            if self._filled == writer.chunk_frames:
                self._encode()
            frames = frames[taken:]
        self._write(WAITING)
        if time.monotonic() - self._flushed > PERIOD:
            self._flush(writer)

    def end(self) -> None:
        """Write what waits, so that the whole stream is in the file; raises what `append_frames` does."""
        if self._writer is None or self._writer.broken:
            return
        if self._filled:
            self._encode()
        self._write(0)
        self._flush(self._writer)

    def close(self) -> None:
        """Close the file; more than once is allowed. A broken one is left as it is.

        Raises
        ------
        OSError
            If the disk is full or gone.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self.end()
            if self._writer is not None:
                self._writer.close()
        finally:
            self._encoders.shutdown()

    def _open_writer(self) -> FrameWriter:
        if self._writer is None:
            raise ValueError(f"{self.path}: frames before the stream has begun")
        return self._writer

    def _encode(self) -> None:
        writer, filled, self._filled = self._open_writer(), self._waiting[: self._filled], 0
        job = self._encoders.submit(encode, filled, capacity=writer.chunk_frames)
        self._encoding.append((job, self._waiting))
        self._waiting = self._spare.pop() if self._spare else np.empty_like(self._waiting)

    def _write(self, waiting: int) -> None:
        """Write chunks in order: those that are encoded, and as many others as leave but `waiting`."""
        writer = self._open_writer()
        try:
            while self._encoding and (len(self._encoding) > waiting or self._encoding[0][0].done()):
                job, frames = self._encoding.popleft()
                writer.append_chunk(job.result())
                self._spare.append(frames)
        except Exception:
            self._encoding.clear()  # what comes after a gap is not written
            self._filled = 0
            raise

    def _flush(self, writer: FrameWriter) -> None:
        writer.flush()
        self.count, self._flushed = writer.written, time.monotonic()


def warm_up(dtypes: Iterable[str]) -> None:
    """Have everything loaded and compiled that encoding frames of `dtypes` takes: half a second."""
    for dtype in dtypes:
        for rate in (0, 1):
            encode(np.full((2, 8, 8), rate, dtype), capacity=3)


def chunk_frames(count: int, dwell_time: float) -> int:
    """Frames a chunk for a stream of `count` frames of `dwell_time` [s] each; see `EncodedFile`."""
    largest = max(1, min(count, LARGEST, int(LATEST / dwell_time)))
    divisor = next(size for size in range(largest, 0, -1) if count % size == 0)
    return divisor if 2 * divisor >= min(USUAL, largest) else min(USUAL, largest)


def _calibration(axis: Axis) -> Calibration:
    scale, unit = documented(axis)
    return Calibration(axis.offset * scale, axis.scale * scale, unit)
