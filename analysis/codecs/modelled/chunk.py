"""Chunks of form 3: pixels class by class of a model, each class with a table of its own.

docs/reference/encoded-chunks.md describes the payload.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import zstandard
from numpy.typing import NDArray

from ..counting import total
from ..header import SIZE, CorruptChunk, Form, Header, read_header
from . import rans
from .pattern_model import PatternModel
from .symbols import GAPS, ONES, Way, class_sums, read_gaps, read_values, way_for, write_gaps, write_values

Frames = NDArray[np.unsignedinteger]
RANS_CLASSES = 1
CLASS_ROW = np.dtype([("kind", "u1"), ("lower", "u1"), ("symbols", "<u4"), ("words", "<u4")])


def encode_modelled(frames: Frames, model: PatternModel) -> bytes:
    """Encode frames ``(n, ky, kx)`` for keeping; `decode_modelled` needs the same model.

    64 frames or more a chunk: each class's table is in it.

    Raises
    ------
    TypeError, ValueError
        If the frames are of another type or shape.
    """
    if frames.dtype.kind != "u" or frames.shape[1:] != model.classes.shape:
        raise TypeError(f"frames {frames.shape} {frames.dtype} do not fit a model of {model.classes.shape}")
    size, frames = frames.itemsize, np.ascontiguousarray(frames, _worked_on(frames.itemsize))
    shifts = model.shifts(frames)
    offsets, flat = model.offsets(shifts), frames.reshape(len(frames), model.classes.size)
    sums = class_sums(flat, offsets, model.order, model.bounds) / max(-(-len(frames) // 8), 1)
    parts = [
        _write_class(flat, offsets, pixels, electrons / len(pixels))
        for pixels, electrons in zip(model.pixels, sums, strict=True)
    ]
    head = np.array([model.identity, len(parts)], "<u4").tobytes() + shifts.astype("i1").tobytes()
    payload = head + b"".join(parts)
    header = Header(
        form=Form.MODELLED,
        codec=RANS_CLASSES,
        itemsize=size,
        frames=len(frames),
        capacity=len(frames),
        ky=frames.shape[1],
        kx=frames.shape[2],
        counts=total(frames) % (1 << 64),
        size=len(payload),
        payload_crc=zlib.crc32(payload),
    )
    return header.to_bytes() + payload


def model_of(chunk: bytes | memoryview) -> int:
    """Give the checksum of the model that a chunk was encoded with."""
    return int.from_bytes(chunk[SIZE : SIZE + 4], "little")


def decode_modelled(chunk: bytes | memoryview, model: PatternModel) -> Frames:
    """Decode to frames ``(n, ky, kx)``.

    Raises
    ------
    CorruptChunk
        If the chunk is cut off, damaged, of another form or of another model.
    """
    header = read_header(chunk)
    payload = memoryview(chunk)[SIZE:]
    header.check(payload)
    if header.form is not Form.MODELLED or header.codec != RANS_CLASSES:
        raise CorruptChunk(f"form {header.form.name}, codec {header.codec}: not encoded with a model")
    take = _taker(payload)
    identity, classes = map(int, np.frombuffer(take(8), "<u4"))
    if identity != model.identity or header.shape[1:] != model.classes.shape:
        raise CorruptChunk(f"encoded with model {identity:08x}, not with {model.identity:08x}")
    if classes != len(model.pixels):
        raise CorruptChunk(f"{classes} classes where the model has {len(model.pixels)}")
    shifts = np.frombuffer(take(2 * header.frames), "i1").reshape(-1, 2).astype(np.int64)
    flat = np.zeros((header.frames, header.ky * header.kx), _worked_on(header.itemsize))
    for pixels in model.pixels:
        _read_class(take, flat, model.offsets(shifts), pixels)
    if take(0, rest=True):
        raise CorruptChunk("bytes are left over")
    frames = flat.reshape(header.shape).astype(header.dtype, copy=False)
    if total(frames) % (1 << 64) != header.counts:
        raise CorruptChunk(f"pixels do not add up to {header.counts}")
    return frames


def _worked_on(itemsize: int) -> np.dtype[np.unsignedinteger]:
    """Give the type that the loops are compiled for: two of them, for each takes seconds to compile."""
    return np.dtype("<u2" if itemsize <= 2 else "<u8")


def _write_class(
    frames: Frames, offsets: NDArray[np.int64], pixels: NDArray[np.uint32], mean: float
) -> bytes:
    """Write one class; `frames` ``(n, pixels)``."""
    way = way_for(mean, len(pixels))
    area = len(frames) * len(pixels)
    if way.kind == GAPS:
        symbols = np.empty(area + 64, np.uint8)
        count = int(write_gaps(frames, offsets, pixels, way.lower, symbols))
        if count >= 0:
            symbols = symbols[:count]
            chances = _gap_chances(symbols, way.lower)
            return _row(way, symbols, _gap_frequencies(chances, way.lower), chances.tobytes())
        # a hot pixel: more electrons than the list has room for
        way = Way(ONES, 0)
    symbols = np.empty(area // way.each, np.uint8)
    rest, low = np.empty(area, np.uint64), np.empty(area if way.lower else 0, np.uint64)
    rest = rest[: write_values(frames, offsets, pixels, way.bits, way.lower, symbols, rest, low)]
    frequencies = rans.quantised(rans.histogram(symbols).astype(np.float64))
    streams = [
        _squeezed(part) for part in (frequencies.astype("<u2").tobytes(), _bytes_of(rest), _bytes_of(low))
    ]
    lengths = np.array([len(stream) for stream in streams], "<u4").tobytes()
    return _row(way, symbols, frequencies, lengths + b"".join(streams))


def _row(way: Way, symbols: NDArray[np.uint8], frequencies: NDArray[np.uint16], about: bytes) -> bytes:
    words = b""
    if len(symbols):
        padded = np.concatenate([symbols, np.repeat(symbols[-1:], -len(symbols) % rans.STATES)])
        words = rans.encode(padded, frequencies).astype("<u2").tobytes()
    row = np.array([(way.kind, way.lower, len(symbols), len(words) // 2)], CLASS_ROW)
    return row.tobytes() + about + words


def _read_class(
    take: Callable[..., memoryview], frames: Frames, offsets: NDArray[np.int64], pixels: NDArray[np.uint32]
) -> None:
    row = np.frombuffer(take(CLASS_ROW.itemsize), CLASS_ROW)[0]
    way, count = Way(int(row["kind"]), int(row["lower"])), int(row["symbols"])
    area = len(frames) * len(pixels)
    if way.kind > ONES or (way.kind != GAPS and (way.lower > 56 or count * way.each != area)):
        raise CorruptChunk("a class is written in no known way")
    if way.kind == GAPS:
        if way.lower < 1 or count > area + 64:
            raise CorruptChunk(f"{count} gaps in a class of {area} pixels")
        frequencies = _gap_frequencies(np.frombuffer(take(4), "<u2"), way.lower)
        symbols = _symbols(take, int(row["words"]), frequencies, count)
        good = read_gaps(symbols, offsets, pixels, way.lower, frames)
    else:
        table, rest, low = (_plain(take(int(length))) for length in np.frombuffer(take(12), "<u4"))
        if len(table) != 512:
            raise CorruptChunk("a table is damaged")
        frequencies = np.frombuffer(table, "<u2").astype(np.uint16)
        lower = _values(low)
        if way.lower and len(lower) != area:
            raise CorruptChunk("lower bits are missing")
        symbols = _symbols(take, int(row["words"]), frequencies, count)
        good = read_values(symbols, offsets, pixels, way.bits, way.lower, _values(rest), lower, frames)
    if not good:
        raise CorruptChunk("symbols lie outside the frames")


def _symbols(
    take: Callable[..., memoryview], words: int, frequencies: NDArray[np.uint16], count: int
) -> NDArray[np.uint8]:
    coded = np.frombuffer(take(2 * words), "<u2").astype(np.uint16, copy=False)
    return (
        rans.decode(coded, frequencies, count + -count % rans.STATES)[:count]
        if count
        else np.empty(0, np.uint8)
    )


def _gap_chances(symbols: NDArray[np.uint8], skip: int) -> NDArray[np.uint16]:
    """Chances, in 65536ths, that an electron's pixel has another one, and that a pixel is passed by.

    Two numbers and a geometric law: many small chunks could not afford a table.
    """
    counts = rans.histogram(symbols)
    skips, again = int(counts[skip]), int(counts[0])
    apart = len(symbols) - skips - again
    passed = int(counts @ np.arange(256)) - apart
    chances = [again / max(again + apart, 1), passed / max(passed + apart, 1)]
    rounded: NDArray[np.uint16] = np.clip(np.rint(np.array(chances) * 65536), 1, 65535).astype("<u2")
    return rounded


def _gap_frequencies(chances: NDArray[np.uint16], skip: int) -> NDArray[np.uint16]:
    """Follow the geometric law in integers: every machine has to come to the same table."""
    again, passed = map(int, chances)
    weights = np.zeros(256)
    weight = 1 << 28
    for gap in range(1, skip):
        weights[gap] = max(weight * (65536 - passed) >> 16, 1)
        weight = weight * passed >> 16
    weights[skip] = max(weight, 1)
    # sums of integers below 2**53 are exact
    weights[0] = max(int(weights.sum()) * again // (65536 - again), 1)
    return rans.quantised(weights)


def _bytes_of(values: NDArray[np.uint64]) -> bytes:
    """Write values in as few bytes each as the largest needs, the number of bytes first; of none, none."""
    if not len(values):
        return b""
    largest = int(values.max(initial=0))
    size = next(n for n in (1, 2, 4, 8) if largest < 1 << (8 * n))
    return bytes([size]) + values.astype(f"<u{size}").tobytes()


def _values(plain: bytes) -> NDArray[np.uint64]:
    if not plain:
        return np.empty(0, np.uint64)
    if plain[0] not in (1, 2, 4, 8) or (len(plain) - 1) % plain[0]:
        raise CorruptChunk("exceptions are damaged")
    return np.frombuffer(plain, f"<u{plain[0]}", offset=1).astype(np.uint64)


def _squeezed(data: bytes) -> bytes:
    return bytes(zstandard.ZstdCompressor(level=1).compress(data)) if data else b""


def _plain(squeezed: memoryview) -> bytes:
    if not squeezed:
        return b""
    try:
        if zstandard.frame_content_size(squeezed) > 1 << 32:
            raise CorruptChunk("a stream of a class is larger than can be")
        return bytes(zstandard.ZstdDecompressor().decompress(squeezed))
    except zstandard.ZstdError as error:
        raise CorruptChunk(f"a stream of a class can't be decompressed: {error}") from error


def _taker(payload: memoryview) -> Callable[..., memoryview]:
    place = 0

    def take(count: int, rest: bool = False) -> memoryview:
        nonlocal place
        end = len(payload) if rest else place + count
        if end > len(payload):
            raise CorruptChunk(f"payload ends {end - len(payload)} bytes too early")
        taken = payload[place:end]
        place = end
        return taken

    return take
