"""Which pixels of a diffraction pattern expect about the same number of electrons, and where the beam is."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import zstandard
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ...compiled import compiled
from ..header import CorruptChunk

Frames = NDArray[np.unsignedinteger]
MAGIC = b"SLM1"
STEPS = 2  # classes for each factor of two in the mean: within 19 % a coder loses half a percent
CLASSES = 64
ALIGNED = 4  # pixels of a class come in fours: symbols hold up to four pixels
FARTHEST = 100  # [px] a frame is shifted by at most


@dataclass(frozen=True)
class PatternModel:
    """Classes of pixels by their mean, in a pattern that moves with the beam.

    Attributes
    ----------
    classes
        ``(ky, kx)`` number of each pixel's class, the brightest is 0.
    centre
        Centre of mass (ky, kx) [px] of the mean pattern.
    moved
        Variance (ky, kx) [px^2] of the beam's position.
    extent
        Variance (ky, kx) [px^2] of an electron's position in the pattern: the centre of mass of N electrons
        is known to within ``sqrt(extent / N)``.
    """

    classes: NDArray[np.uint8]
    centre: tuple[float, float]
    moved: tuple[float, float]
    extent: tuple[float, float]

    @classmethod
    def fit(cls, frames: Frames) -> Self:
        """Learn from some hundred frames ``(n, ky, kx)`` or more; with fewer the classes are rough."""
        if frames.ndim != 3 or 0 in frames.shape:
            raise ValueError(f"frames {frames.shape}: give some, (n, ky, kx)")
        moments = _moments(frames)
        some = moments[moments[:, 0] > 0]
        if not len(some):
            return cls(np.zeros(frames.shape[1:], np.uint8), (0.0, 0.0), (0.0, 0.0), (1.0, 1.0))
        total = some[:, 0].sum()
        centres = some[:, 1:3] / some[:, :1]
        centre = centres.mean(axis=0)
        about = centres - centre
        extent = some[:, 3:5].sum(axis=0) / total - centre**2
        # what the electrons' number alone would scatter
        moved = np.maximum((about**2).mean(axis=0) - extent * (1 / some[:, 0]).mean(), 0.0)
        rough = cls(np.zeros(frames.shape[1:], np.uint8), _pair(centre), _pair(moved), _pair(extent))
        mean = np.zeros(frames[0].size)
        for frame, offset in zip(frames, rough.offsets(rough.shifts(frames)), strict=True):
            mean += np.roll(frame.ravel(), -offset)
        mean /= len(frames)
        classes = _classes(mean.reshape(frames.shape[1:]), len(frames))
        return cls(classes, rough.centre, rough.moved, rough.extent)

    def offsets(self, shifts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Turn shifts into how far along a flattened frame pixels are moved, from 0 to ``ky * kx - 1``.

        What leaves at an edge comes in at the other, a row off: all that matters is that nothing is lost.
        """
        ky, kx = self.classes.shape
        offsets: NDArray[np.int64] = (shifts[:, 0] * kx + shifts[:, 1]) % (ky * kx)
        return offsets

    def shifts(self, frames: Frames) -> NDArray[np.int64]:
        """Estimate where the beam of each frame is from the model's ``(n, 2)`` [px]; 0 if that can't be told.

        The least-squares estimate: the centre of mass, drawn to the model's as far as few electrons make it
        uncertain (Wiener).
        """
        moments = _moments(frames)
        electrons = np.maximum(moments[:, :1], 1.0)
        moved = np.array(self.moved)
        trust = moved / (moved + np.array(self.extent) / electrons + 1e-12)
        offset = np.where(moments[:, :1] > 0, moments[:, 1:3] / electrons - np.array(self.centre), 0.0)
        return np.clip(np.rint(trust * offset), -FARTHEST, FARTHEST).astype(np.int64)

    @cached_property
    def order(self) -> NDArray[np.uint32]:
        """Pixels ``(ky * kx)`` class by class."""
        return np.argsort(self.classes.ravel(), kind="stable").astype(np.uint32)

    @cached_property
    def bounds(self) -> NDArray[np.int64]:
        """Where in `order` classes begin, and the end."""
        counts = np.bincount(self.classes.ravel())
        return np.concatenate([[0], np.cumsum(counts[counts > 0])]).astype(np.int64)

    @cached_property
    def pixels(self) -> list[NDArray[np.uint32]]:
        """Pixels of each class, in `order`."""
        return np.split(self.order, self.bounds[1:-1])

    @cached_property
    def identity(self) -> int:
        """Checksum that chunks name their model by."""
        return int.from_bytes(self.to_bytes()[-4:], "little")

    def to_bytes(self) -> bytes:
        """Encode: magic, ky, kx (u32), six float64, classes through zstd, CRC-32 of it all."""
        head = MAGIC + np.array(self.classes.shape, "<u4").tobytes()
        head += np.array([self.centre, self.moved, self.extent], "<f8").tobytes()
        body = head + zstandard.ZstdCompressor(level=9).compress(self.classes.tobytes())
        return bytes(body + zlib.crc32(body).to_bytes(4, "little"))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode.

        Raises
        ------
        CorruptChunk
            If it is cut off, damaged, or of something else.
        """
        if (
            len(data) < 64
            or data[:4] != MAGIC
            or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little")
        ):
            raise CorruptChunk("no model of a pattern, or a damaged one")
        ky, kx = map(int, np.frombuffer(data, "<u4", 2, 4))
        values = np.frombuffer(data, "<f8", 6, 12).reshape(3, 2)
        try:
            plain = zstandard.ZstdDecompressor().decompress(data[60:-4], max_output_size=ky * kx)
        except zstandard.ZstdError as error:
            raise CorruptChunk(f"model can't be decompressed: {error}") from error
        if len(plain) != ky * kx or not plain:
            raise CorruptChunk("model has another number of pixels than it says")
        classes = np.frombuffer(plain, np.uint8).reshape(ky, kx)
        return cls(classes, *map(_pair, values))


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    return (float(values[0]), float(values[1]))


def _classes(mean: NDArray[np.float64], frames: int) -> NDArray[np.uint8]:
    # A pixel that few electrons hit has its mean from its neighbours too.
    seen = mean * frames
    smooth = gaussian_filter(mean, 1.5)
    weight = seen / (seen + 50.0)
    rate = np.maximum(weight * mean + (1 - weight) * smooth, 1 / (64.0 * frames)).ravel()
    level = np.floor(STEPS * np.log2(rate)).astype(np.int64)
    order = np.argsort(-level, kind="stable")
    number = level[order].max() - level[order]
    # a class begins at the first multiple of four
    begins = np.arange(len(order)) // ALIGNED * ALIGNED
    classes = np.empty(len(order), np.uint8)
    classes[order] = np.minimum(number[begins], CLASSES - 1)
    # close up, so that numbers count
    return np.unique(classes, return_inverse=True)[1].astype(np.uint8).reshape(mean.shape)


def _moments(frames: Frames) -> NDArray[np.float64]:
    """Give counts, first and second moments of ky and kx, ``(n, 5)``."""
    n, ky, kx = frames.shape
    rows, columns = np.empty((n, ky), np.uint64), np.empty((n, kx), np.uint64)
    _profiles(frames, rows, columns)
    y, x = np.arange(float(ky)), np.arange(float(kx))
    return np.stack(
        [rows.sum(axis=1, dtype=np.float64), rows @ y, columns @ x, rows @ y**2, columns @ x**2], axis=1
    )


@compiled
def _profiles(frames: Frames, rows: NDArray[np.uint64], columns: NDArray[np.uint64]) -> None:
    n, ky, kx = frames.shape
    for f in range(n):
        columns[f] = 0
        for y in range(ky):
            row = np.uint64(0)
            for x in range(kx):
                row += np.uint64(frames[f, y, x])
            rows[f, y] = row
            for x in range(kx):
                columns[f, x] += np.uint64(frames[f, y, x])
