"""Whatever goes in comes out; whatever was damaged is refused."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemline.analysis.codecs import (
    CorruptChunk,
    DenseCodec,
    Form,
    decode,
    encode,
    open_chunk,
    read_header,
    split_chunks,
)
from stemline.analysis.codecs.events import Gaps

UNSIGNED = ["u1", "u2", "u4", "u8"]


@st.composite
def blocks(draw: st.DrawFn) -> np.ndarray:
    """Frames of every shape and type, from empty to saturated, with a hot pixel in some."""
    shape = draw(st.tuples(st.integers(0, 5), st.integers(1, 40), st.integers(1, 40)))
    dtype = np.dtype(draw(st.sampled_from(UNSIGNED)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    mean = draw(st.sampled_from([0, 0.01, 0.2, 0.39, 0.5, 3, 200, None]))
    if mean is None:
        return np.full(shape, np.iinfo(dtype).max, dtype)
    frames = np.minimum(rng.poisson(mean, shape), 255).astype(dtype)
    if frames.size and draw(st.booleans()):
        hot = draw(st.sampled_from([1, 2, 255, int(np.iinfo(dtype).max)]))
        frames.flat[draw(st.integers(0, frames.size - 1))] = hot
    return frames


@given(blocks(), st.sampled_from(DenseCodec), st.integers(0, 3))
@settings(deadline=None, max_examples=150)
def test_round_trip(frames: np.ndarray, codec: DenseCodec, spare: int) -> None:
    chunk = encode(frames, codec, capacity=len(frames) + spare)
    back = decode(chunk)
    assert back.dtype == frames.dtype
    assert back.shape == frames.shape
    assert np.array_equal(back, frames)
    header = read_header(chunk)
    assert header.counts == int(frames.sum(dtype=np.uint64))
    exact = sum(map(int, frames.ravel()))
    assert (header.form is Form.EVENTS) == (exact <= int(0.4 * frames.size))


@given(blocks(), st.data())
@settings(deadline=None, max_examples=150)
def test_damage_is_refused(frames: np.ndarray, data: st.DataObject) -> None:
    chunk = bytearray(encode(frames))
    if data.draw(st.booleans()):
        where = data.draw(st.integers(0, 8 * len(chunk) - 1))
        chunk[where // 8] ^= 1 << where % 8
    else:
        del chunk[data.draw(st.integers(0, len(chunk) - 1)) :]
    with pytest.raises(CorruptChunk):
        decode(bytes(chunk))


@given(blocks(), st.data())
@settings(deadline=None, max_examples=150)
def test_a_forged_checksum_harms_nothing(frames: np.ndarray, data: st.DataObject) -> None:
    """Damage that CRC-32 does not see is refused or decodes to frames of the right shape: no crash."""
    chunk = encode(frames)
    payload = bytearray(chunk[48:])
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    header = replace(read_header(chunk), payload_crc=crc32(payload))
    with contextlib.suppress(CorruptChunk):
        assert decode(header.to_bytes() + payload).shape == frames.shape


def test_far_gaps_and_repeats() -> None:
    frames = np.zeros((2, 64, 64), "u2")
    for pixel, count in ((0, 1), (254, 1), (509, 2), (764, 3), (765, 1), (4095, 700)):
        frames[1].flat[pixel] = count
    header, gaps = open_chunk(encode(frames))
    assert header.form is Form.EVENTS
    assert isinstance(gaps, Gaps)
    assert gaps.stream[:7].tolist() == [0, 254, 255, 0, 0, 255, 0]
    assert np.array_equal(decode(encode(frames)), frames)


@pytest.mark.parametrize("frames", [np.zeros((1, 2, 2)), np.zeros((1, 2, 2), int)])
def test_only_counts(frames: np.ndarray) -> None:
    with pytest.raises(TypeError, match="unsigned"):
        encode(frames)


def test_big_endian_and_strided_frames() -> None:
    frames = np.random.default_rng(0).poisson(0.1, (3, 16, 32)).astype(">u2")[:, ::2, ::-1]
    assert np.array_equal(decode(encode(frames)), frames)


def test_chunks_one_after_another() -> None:
    blocks = [np.full((n, 3, 5), n, "u1") for n in (1, 2, 3)]
    joined = b"".join(map(encode, blocks))
    assert [len(decode(chunk)) for chunk in split_chunks(joined)] == [1, 2, 3]
    with pytest.raises(CorruptChunk, match="cut off"):
        list(split_chunks(joined[:-1]))


def test_a_header_does_not_make_us_allocate() -> None:
    header = replace(read_header(encode(np.zeros((1, 4, 4), "u2"))), capacity=2**31, ky=2**16)
    with pytest.raises(CorruptChunk, match="can't be"):
        decode(header.to_bytes())
