"""Write frames, or chunks that were encoded elsewhere, to a container."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..codecs import DenseCodec, encode, read_header
from ..codecs.header import SIZE, Form
from .layout import CHUNKS, COMPLETE, DATA, Calibration, ContainerError, lay_out, reason

Frames = NDArray[np.unsignedinteger]


class FrameWriter:
    """One container, from the first frame to `close`; readers may open it from the start (``swmr=True``).

    Frames go to the file in whole chunks: `written` says how many a reader finds after `flush`. Choose one
    frame a chunk where each frame has to be there at once (step scans), 16 to 64 where frames stream.

    Parameters
    ----------
    path
        A file that does not exist yet; its folder is made.
    shape, dtype
        ``(ky, kx)`` and unsigned type of a frame.
    chunk_frames
        Frames of each chunk but the last.
    codec
        For chunks that hold every pixel.
    calibration
        Of the axes ``ky`` and ``kx``, those that are known.
    metadata
        Whatever belongs to the frames, JSON: detector, exposure, references, uid of the run.

    Attributes
    ----------
    written
        Frames in the file.
    counts
        Their sum.
    broken
        Whether something could not be written. Keep a reference to a broken writer, and end the process with
        `os._exit`: HDF5 would try again and crash.

    Raises
    ------
    OSError
        If the file exists or can't be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        shape: tuple[int, int],
        dtype: DTypeLike,
        chunk_frames: int = 16,
        codec: DenseCodec = DenseCodec.LIVE,
        calibration: Mapping[str, Calibration] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = path
        self.shape = shape
        plain: np.dtype[Any] = np.dtype(dtype)
        self.dtype = plain.newbyteorder("<")
        if self.dtype.kind != "u":
            raise TypeError(f"frames of {self.dtype}: only unsigned integers can be encoded")
        self.chunk_frames = chunk_frames
        self.written = 0
        self.counts = 0
        self.broken = False
        self._codec = codec
        self._waiting = np.empty((chunk_frames, *shape), self.dtype)
        self._filled = 0
        self._ended = False
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = h5py.File(path, "x", libver="latest")
            lay_out(
                self._file,
                shape=shape,
                dtype=self.dtype,
                chunk_frames=chunk_frames,
                codec=codec,
                calibration=calibration or {},
                metadata=metadata or {},
            )
            self._file.swmr_mode = True
        except OSError as error:
            raise type(error)(reason(error)) from error
        self._data: h5py.Dataset = self._file[DATA]
        self._chunks: h5py.Dataset = self._file[CHUNKS]

    def append(self, frames: Frames) -> None:
        """Take a block of frames ``(n, ky, kx)``, n >= 0; whole chunks are encoded and written.

        Raises
        ------
        ValueError
            If shape or type are not the file's.
        OSError
            If the disk is full or gone, now or earlier.
        """
        if frames.shape[1:] != self.shape or frames.dtype != self.dtype:
            raise ContainerError(
                f"{self.path}: frames {frames.shape} {frames.dtype} do not fit {self.shape} {self.dtype}"
            )
        while len(frames):
            if not self._filled and len(frames) >= self.chunk_frames:
                taken = self.chunk_frames
                self._encode(frames[:taken])
            else:
                taken = min(len(frames), self.chunk_frames - self._filled)
                self._waiting[self._filled : self._filled + taken] = frames[:taken]
                self._filled += taken
                if self._filled == self.chunk_frames:
                    self._filled = 0
                    self._encode(self._waiting)
            frames = frames[taken:]

    def append_chunk(self, chunk: bytes) -> None:
        """Write a chunk as `encode` made it; all but the last have `chunk_frames` frames.

        Raises
        ------
        CorruptChunk
            If it is cut off or damaged.
        ContainerError
            If it is of other frames, or frames given to `append` wait to be written.
        OSError
            If the disk is full or gone, now or earlier.
        """
        header = read_header(chunk)
        payload = memoryview(chunk)[SIZE:]
        header.check(payload)
        expected = (*self.shape, self.dtype)
        if (header.ky, header.kx, header.dtype) != expected:
            raise ContainerError(
                f"{self.path}: a chunk of {header.shape[1:]} {header.dtype} does not fit {expected}"
            )
        if header.capacity != self.chunk_frames:
            raise ContainerError(
                f"{self.path}: a chunk of {header.capacity} frames in a file of {self.chunk_frames} a chunk: "
                "encode it with this capacity"
            )
        if not header.frames or self._filled or self._ended:
            raise ContainerError(
                f"{self.path}: only the last chunk may hold fewer than {self.chunk_frames} frames"
            )
        self._ended = header.frames < self.chunk_frames
        self._write(chunk, header.form, header.frames, header.counts)

    def flush(self) -> None:
        """Make `written` frames visible to readers, and safe from the end of this process.

        Raises
        ------
        OSError
            If the disk is full or gone, now or earlier.
        """
        self._guarded(self._flush)

    def close(self) -> None:
        """Write the frames that wait as a shorter chunk, and close. More than once is allowed; see `broken`.

        Raises
        ------
        OSError
            If the disk is full or gone.
        """
        if self.broken or not self._file:
            return
        if self._filled:
            filled, self._filled = self._filled, 0
            self._encode(self._waiting[:filled])
        self._guarded(self._finish)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _encode(self, frames: Frames) -> None:
        self.append_chunk(encode(frames, self._codec, capacity=self.chunk_frames))

    def _write(self, chunk: bytes, form: Form, frames: int, counts: int) -> None:
        # Readers without our software get an error for what Blosc2 does not know, never zeros.
        stored = chunk[SIZE:] if form is Form.DENSE else chunk

        def write() -> None:
            self._data.id.set_extent((self.written + frames, *self.shape))
            self._data.id.write_direct_chunk((self.written, 0, 0), stored)
            self._chunks.resize(len(self._chunks) + 1, axis=0)
            self._chunks[-1] = np.frombuffer(chunk, self._chunks.dtype, 1)[0]

        self._guarded(write)
        self.written += frames
        self.counts += counts

    def _flush(self) -> None:
        # Frames before the rows that describe them: a reader counts the rows.
        self._data.id.flush()
        self._chunks.id.flush()

    def _finish(self) -> None:
        self._flush()
        self._file[COMPLETE][0] = 1
        self._file.close()

    def _guarded(self, work: Any) -> None:
        if self.broken:
            raise OSError(f"{self.path}: an earlier chunk could not be written: end the capture")
        try:
            work()
        except (OSError, RuntimeError) as error:
            self.broken = True
            raise OSError(f"{self.path}: {reason(error)}") from error
