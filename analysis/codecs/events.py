"""Where each electron fell, as one byte or few: the gap to the one before it.

A frame is the sorted pixel numbers of its electrons, ``ky * width + kx``, each written as the gap to the one
before (the first: to 0). A byte below 255 is a gap and an electron; 255 advances by 255 pixels without one.
Two electrons in a pixel have a gap of 0. Unlike with LEB128, a decoder has nothing to decide byte by byte: it
runs at the speed of a table look-up, and an electron costs one byte if the next is less than 255 pixels away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import zstandard
from numpy.typing import NDArray

from ..compiled import compiled
from .header import CorruptChunk, Header

Frames = NDArray[np.unsignedinteger]
SKIP = 255
GAPS_ZSTD = 1  # the only codec so far
LEVEL = 1  # of zstd; 3 takes twice the time for two hundredths


@dataclass(frozen=True)
class Gaps:
    """Electrons of some frames, as gaps.

    Attributes
    ----------
    shape
        ``(n, ky, kx)``.
    stream
        The bytes of all frames, one frame after another.
    lengths
        ``(n,)`` bytes of each frame in `stream`.
    electrons
        ``(n,)`` electrons of each frame.
    """

    shape: tuple[int, int, int]
    stream: NDArray[np.uint8]
    lengths: NDArray[np.uint32]
    electrons: NDArray[np.uint32]


def scan(frames: Frames, limit: int) -> Gaps | None:
    """Find the electrons of C-contiguous `frames` ``(n, ky, kx)``; None if there are more than `limit`."""
    n, ky, kx = frames.shape
    pixels = frames.reshape(n, ky * kx)
    whole = ky * kx * frames.itemsize % 8 == 0 and pixels.ctypes.data % 8 == 0
    words = pixels.view(np.uint64) if whole and pixels.size else np.empty((n, 0), np.uint64)
    # set where a pixel of a word holds more than three electrons
    each = 8 // frames.itemsize
    more = np.full(each, ~frames.dtype.type(3), frames.dtype).view(np.uint64)[0]
    # some spare room: the kernel writes ahead
    stream = np.empty(limit + n * (ky * kx // SKIP + 1) + 8, np.uint8)
    lengths, electrons = np.empty(n, np.uint32), np.empty(n, np.uint32)
    size = _scan(pixels, words, more, (0,) * each, limit, stream, lengths, electrons)
    return None if size < 0 else Gaps(frames.shape, stream[:size], lengths, electrons)


def expand(gaps: Gaps, dtype: np.dtype[np.unsignedinteger]) -> Frames:
    """Count the electrons of each pixel: frames ``(n, ky, kx)``."""
    n, ky, kx = gaps.shape
    frames = np.zeros((n, ky * kx), dtype)
    _expand(gaps.stream, gaps.lengths, frames)
    return frames.reshape(gaps.shape)


def pack_gaps(gaps: Gaps) -> bytes:
    """Return a payload: lengths, electrons, then the stream, all of it through zstd."""
    plain = gaps.lengths.astype("<u4").tobytes() + gaps.electrons.astype("<u4").tobytes()
    return bytes(zstandard.ZstdCompressor(level=LEVEL).compress(plain + gaps.stream.tobytes()))


def unpack_gaps(payload: bytes | memoryview, header: Header) -> Gaps:
    """Return what `pack_gaps` was given, every gap inside its frame.

    Raises
    ------
    CorruptChunk
        If it is not what the header says.
    """
    n, pixels = header.frames, header.ky * header.kx
    most = 8 * n + header.counts + n * (pixels // SKIP + 1)
    try:
        size = zstandard.frame_content_size(payload)
        if not 8 * n <= size <= most:
            raise CorruptChunk(f"events of {size} bytes where {8 * n} to {most} can be")
        plain = zstandard.ZstdDecompressor().decompress(payload, max_output_size=size)
    except zstandard.ZstdError as error:
        raise CorruptChunk(f"payload can't be decompressed by zstd: {error}") from error
    lengths, electrons = np.frombuffer(plain, "<u4", 2 * n).reshape(2, n).astype(np.uint32, copy=False)
    gaps = Gaps(header.shape, np.frombuffer(plain, np.uint8, offset=8 * n), lengths, electrons)
    if int(lengths.sum(dtype=np.uint64)) != len(gaps.stream):
        raise CorruptChunk("events are not as many bytes as their frames' lengths say")
    if int(electrons.sum(dtype=np.uint64)) != header.counts:
        raise CorruptChunk(f"electrons of the frames do not add up to {header.counts}")
    if (bad := _first_bad_frame(gaps.stream, lengths, electrons, pixels)) >= 0:
        raise CorruptChunk(f"events of frame {bad} lie outside it")
    return gaps


@compiled
def _emit(stream: NDArray[np.uint8], size: np.uint64, gap: np.int64, electrons: np.int64) -> np.uint64:
    while gap >= 255:
        stream[size] = 255
        size += np.uint64(1)
        gap -= np.int64(255)
    stream[size] = gap
    size += np.uint64(1)
    for _ in range(1, electrons):
        stream[size] = 0
        size += np.uint64(1)
    return size


@compiled
def _filled(row: NDArray[np.uint64], groups: NDArray[np.uint32], found: NDArray[np.uint32]) -> int:
    """List the words that are not zero, and return how many; without a branch to mispredict."""
    some = 0
    for group in range(len(groups) - 1):
        together = np.uint64(0)
        for w in range(8):
            together |= row[np.uint64(8 * group + w)]
        groups[some] = group
        some += together != 0
    count = 0
    for g in range(some):
        for w in range(8):
            word = np.uint64(8) * np.uint64(groups[g]) + np.uint64(w)
            found[count] = word
            count += row[word] != 0
    return count


@compiled
def _scan(
    pixels: Frames,
    words: NDArray[np.uint64],
    more: np.uint64,
    lanes: tuple[int, ...],
    limit: int,
    stream: NDArray[np.uint8],
    lengths: NDArray[np.uint32],
    electrons: NDArray[np.uint32],
) -> int:
    """Return the bytes written, or -1 beyond `limit`.

    `lanes` has as many entries as a word has pixels: the compiler knows the length of a tuple, and unrolls.
    """
    frames, area = pixels.shape
    each = len(lanes)
    grouped = words.shape[1] // 8 * 8
    groups = np.empty(grouped // 8 + 1, np.uint32)
    found = np.empty(grouped + 1, np.uint32)
    size = np.uint64(0)
    left = np.int64(limit)
    for f in range(frames):
        begin = size
        before = left
        last = np.int64(0)
        row = pixels[f]
        for j in range(_filled(words[f], groups, found)):
            word = words[f, found[j]]
            first = np.int64(found[j]) * each
            if (word & more) == 0 and first + each - last < 255 and left >= 3 * each:
                # At most three electrons a pixel, all near: written ahead, and kept as far as there are any.
                for q in range(len(lanes)):
                    stream[size] = first + q - last
                    stream[size + np.uint64(1)] = 0
                    stream[size + np.uint64(2)] = 0
                    here = (word >> np.uint64(q * (64 // len(lanes)))) & np.uint64(3)
                    size += here
                    left -= np.int64(here)
                    last = first + q if here else last
                continue
            for p in range(first, first + each):
                if row[p]:
                    if row[p] > left:
                        return -1
                    size = _emit(stream, size, np.int64(p - last), np.int64(row[p]))
                    left -= np.int64(row[p])
                    last = np.int64(p)
        for p in range(grouped * each, area):
            if row[p]:
                if row[p] > left:
                    return -1
                size = _emit(stream, size, np.int64(p - last), np.int64(row[p]))
                left -= np.int64(row[p])
                last = np.int64(p)
        lengths[f] = size - begin
        electrons[f] = before - left
    return np.int64(size)  # type: ignore[return-value]


@compiled
def _expand(stream: NDArray[np.uint8], lengths: NDArray[np.uint32], pixels: Frames) -> None:
    start = np.int64(0)
    for f in range(len(lengths)):
        stop = start + np.int64(lengths[f])
        at = np.uint64(0)
        for gap in stream[start:stop]:
            at += np.uint64(gap)
            pixels[f, at] += gap != 255
        start = stop


@compiled
def _first_bad_frame(
    stream: NDArray[np.uint8], lengths: NDArray[np.uint32], electrons: NDArray[np.uint32], area: int
) -> int:
    start = np.int64(0)
    for f in range(len(lengths)):
        stop = start + np.int64(lengths[f])
        total = np.int64(0)
        skips = np.int64(0)
        # in 32 bits, which is quick, as far as they can't overflow
        for begin in range(start, stop, 65536):
            part = stream[begin : min(begin + 65536, stop)]
            distance = np.uint32(0)
            without = np.uint32(0)
            for i in range(len(part)):
                distance = np.uint32(distance + part[i])
                without = np.uint32(without + np.uint32(part[i] == 255))
            total += np.int64(distance)
            skips += np.int64(without)
        inside = stop == start or (total < area and stream[stop - 1] != 255)
        if not inside or stop - start - skips != np.int64(electrons[f]):
            return f
        start = stop
    return -1
