"""Lossless whatever the frames are, near the Poisson bound where they are what the model expects."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from stemline.analysis.codecs import CorruptChunk, decode, read_header
from stemline.analysis.codecs.modelled import PatternModel, decode_modelled, encode_modelled, model_of, rans


def pattern(size: int, centre: tuple[float, float]) -> np.ndarray:
    y, x = np.indices((size, size))
    r = np.hypot(y - centre[0], x - centre[1])
    mean: np.ndarray = 1 / (1 + np.exp((r - size / 6) / 0.7)) + 0.02
    return mean


def scan(mean_electrons: float, count: int, seed: int = 0, size: int = 48) -> tuple[np.ndarray, float]:
    """Frames of a beam that moves by up to 3 px, and their entropy [bits]."""
    rng = np.random.default_rng(seed)
    centres = size / 2 + rng.uniform(-3, 3, (count, 2))
    means = np.stack([pattern(size, (y, x)) for y, x in centres])
    means *= mean_electrons / means.mean(axis=(1, 2), keepdims=True)
    frames = rng.poisson(means).astype("u2")
    log = frames * np.log(means) - means - gammaln(frames + 1.0)
    return frames, float(-log.sum() / np.log(2))


@st.composite
def blocks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Frames to learn from, and others of the same shape and type, quite different in some cases."""
    ky, kx = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    dtype = np.dtype(draw(st.sampled_from(["u1", "u2", "u4", "u8"])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    made = []
    for _ in range(2):
        mean = draw(st.sampled_from([0.0, 0.01, 0.2, 0.5, 3.0, 60.0, 2000.0]))
        means = mean * rng.uniform(0, 2, (draw(st.integers(1, 9)), ky, kx))
        frames = np.minimum(rng.poisson(means), min(np.iinfo(dtype).max, 2**40)).astype(dtype)
        if draw(st.booleans()):
            frames.flat[draw(st.integers(0, frames.size - 1))] = np.iinfo(dtype).max
        made.append(frames)
    return made[0], made[1]


@given(blocks())
@settings(deadline=None, max_examples=150)
def test_round_trip(both: tuple[np.ndarray, np.ndarray]) -> None:
    learned, frames = both
    model = PatternModel.fit(learned)
    again = PatternModel.from_bytes(model.to_bytes())
    for block in (learned, frames, frames[:0]):
        chunk = encode_modelled(block, model)
        back = decode_modelled(chunk, again)
        assert back.dtype == block.dtype
        assert np.array_equal(back, block)
    assert model_of(chunk) == model.identity


@given(blocks(), st.data())
@settings(deadline=None, max_examples=100)
def test_damage_is_refused(both: tuple[np.ndarray, np.ndarray], data: st.DataObject) -> None:
    """Also with a forged checksum there is no crash."""
    model = PatternModel.fit(both[0])
    whole = encode_modelled(both[1], model)
    chunk = bytearray(whole)
    where = data.draw(st.integers(0, 8 * len(chunk) - 1))
    chunk[where // 8] ^= 1 << where % 8
    for damaged in (bytes(chunk), whole[: data.draw(st.integers(0, len(whole) - 1))]):
        with pytest.raises(CorruptChunk):
            decode_modelled(damaged, model)
    payload = bytearray(whole[48:])
    payload[data.draw(st.integers(4, len(payload) - 1))] = data.draw(st.integers(0, 255))
    header = replace(read_header(whole), payload_crc=crc32(payload))
    with contextlib.suppress(CorruptChunk):
        assert decode_modelled(header.to_bytes() + payload, model).shape == both[1].shape


@pytest.mark.parametrize(("mean", "share"), [(0.05, 0.85), (0.5, 0.9), (10.0, 0.85)])
def test_near_the_poisson_bound(mean: float, share: float) -> None:
    """With a beam that moves; the bound knows where it is, which 115 electrons a frame do not tell."""
    frames, _ = scan(mean, 256)
    others, bits = scan(mean, 256, seed=1)
    model = PatternModel.fit(frames)
    assert bits / (8 * len(encode_modelled(others, model))) > share


def test_it_follows_the_beam() -> None:
    frames, _ = scan(2.0, 200)
    model = PatternModel.fit(frames)
    still = replace(model, moved=(0.0, 0.0))
    assert len(encode_modelled(frames, model)) < 0.97 * len(encode_modelled(frames, still))
    shifts = model.shifts(scan(2.0, 50, seed=3)[0])
    centres = 24 + np.random.default_rng(3).uniform(-3, 3, (50, 2))
    assert np.abs(shifts - (centres - model.centre)).max() < 1.0


def test_a_pixel_of_all_ones_after_a_long_gap() -> None:
    """Its counts and the gap's symbols wrap around in 64 bits."""
    frames = np.zeros((9, 8, 8), "u8")
    frames[0, 1, 5] = 1
    frames[5, 6, 6] = 2**64 - 1
    model = PatternModel.fit(np.eye(8, dtype="u8")[None])
    assert np.array_equal(decode_modelled(encode_modelled(frames, model), model), frames)


def test_another_models_chunk_is_refused() -> None:
    frames, _ = scan(0.5, 20)
    model, other = PatternModel.fit(frames), PatternModel.fit(frames[:10])
    chunk = encode_modelled(frames, model)
    with pytest.raises(CorruptChunk, match="not with"):
        decode_modelled(chunk, other)
    with pytest.raises(CorruptChunk, match="model"):
        decode(chunk)
    with pytest.raises(TypeError, match="fit a model"):
        encode_modelled(frames[:, 1:], model)


@given(st.data())
@settings(deadline=None, max_examples=50)
def test_damaged_models_are_refused(data: st.DataObject) -> None:
    encoded = bytearray(PatternModel.fit(scan(0.5, 4, size=12)[0]).to_bytes())
    where = data.draw(st.integers(0, 8 * len(encoded) - 1))
    encoded[where // 8] ^= 1 << where % 8
    with pytest.raises(CorruptChunk):
        PatternModel.from_bytes(bytes(encoded))
    with pytest.raises(CorruptChunk):
        PatternModel.from_bytes(bytes(encoded[: where // 8]))


@given(st.lists(st.floats(0, 1e6), min_size=256, max_size=256).filter(lambda w: sum(w) > 0))
@settings(deadline=None)
def test_tables_sum_to_their_scale(weights: list[float]) -> None:
    frequencies = rans.quantised(np.array(weights))
    assert frequencies.sum() == rans.SCALE
    assert ((frequencies > 0) == (np.array(weights) > 0)).all()


def test_a_table_of_one_symbol_and_skewed_ones() -> None:
    for weights in ([1.0] + [0.0] * 255, [1e9] + [1.0] * 255):
        frequencies = rans.quantised(np.array(weights))
        symbols = np.zeros(4000, np.uint8)
        symbols[::400] = 0 if weights[1] == 0 else 200
        words = rans.encode(symbols, frequencies)
        assert np.array_equal(rans.decode(words, frequencies, 4000), symbols)
