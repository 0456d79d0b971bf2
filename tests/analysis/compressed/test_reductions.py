"""Dense, as electrons or encoded, in whatever blocks and order: one result, that of numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemline.analysis.codecs import CorruptChunk, DenseCodec, encode, open_chunk
from stemline.analysis.codecs.events import Gaps, scan
from stemline.analysis.compressed import FrameSums, PatternMaximum, PatternTotal, RadialSums
from stemline.analysis.reduce import Block, Reduction, reduce
from stemline.analysis.virtual_detectors import (
    centre_of_mass,
    moment_weights,
    quadrants,
    rings,
    standard_detectors,
)


@st.composite
def scans(draw: st.DrawFn) -> np.ndarray:
    n, ky, kx = draw(st.tuples(st.integers(1, 9), st.integers(1, 30), st.integers(1, 30)))
    dtype = np.dtype(draw(st.sampled_from(["u1", "u2", "u4", "u8"])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    frames = np.minimum(rng.poisson(draw(st.sampled_from([0, 0.05, 0.3, 2, 90])), (n, ky, kx)), 255)
    if draw(st.booleans()):
        frames.flat[rng.integers(frames.size)] = min(int(np.iinfo(dtype).max), 2**32 - 1)
    return frames.astype(dtype)


def forms(frames: np.ndarray) -> list[Any]:
    gaps = scan(frames, int(frames.sum())) if frames.sum() < 10**6 else frames
    return [frames, gaps, encode(frames), encode(frames, DenseCodec.ARCHIVE, capacity=len(frames) + 1)]


def alike(reduction: Reduction[Any], frames: np.ndarray, cut: int, value: Any, expected: Any) -> None:
    for head, tail in zip(forms(frames[:cut]), reversed(forms(frames[cut:])), strict=True):
        blocks = [Block(cut, tail), Block(0, head)] if cut else [Block(0, tail)]
        found = value(reduce(reduction, blocks))
        assert found.dtype.kind in "iu"
        assert np.array_equal(found, expected)


@given(scans(), st.data())
@settings(deadline=None, max_examples=60)
def test_sum_and_maximum(frames: np.ndarray, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(frames) - 1))
    _, ky, kx = frames.shape
    exact = frames.astype(np.uint64)
    alike(PatternTotal(ky, kx), frames, cut, lambda total: total.counts, exact.sum(axis=0))
    alike(PatternMaximum(ky, kx), frames, cut, lambda largest: largest, exact.max(axis=0))


@given(scans(), st.data())
@settings(deadline=None, max_examples=60)
def test_sums_of_each_frame(frames: np.ndarray, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(frames) - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    largest = data.draw(st.sampled_from([1, 255, 70_000, 2**32 - 1]))
    weights = rng.integers(0, largest, (data.draw(st.integers(1, 5)), *frames.shape[1:]), endpoint=True)
    weights[0] = np.arange(frames.shape[1])[:, None]
    exact = np.einsum("fyx,qyx->fq", frames.astype(object), weights.astype(object))
    if exact.max() < 2**63:
        alike(FrameSums(weights), frames, cut, lambda sums: sums.array(), exact.astype(np.int64))
    ring = rng.integers(-1, 4, frames.shape[1:])
    ring.flat[0] = 4
    profile = np.stack([(frames.astype(object) * (ring == r)).sum(axis=(1, 2)) for r in range(5)], axis=1)
    alike(RadialSums(ring), frames, cut, lambda sums: sums.array(), profile.astype(np.int64))


def test_merging_is_associative() -> None:
    frames = np.random.default_rng(0).poisson(0.3, (30, 8, 9)).astype("u2")
    reductions: list[Reduction[Any]] = [
        PatternTotal(8, 9),
        PatternMaximum(8, 9),
        FrameSums(np.ones((1, 8, 9), int)),
    ]
    for reduction in reductions:
        a, b, c = (reduction.process(Block(s, frames[s : s + 10])) for s in (0, 10, 20))
        left = reduction.merge([reduction.merge([c, a]), b])
        right = reduction.merge([reduction.init(), reduction.merge([a, reduction.merge([b, c])])])
        np.testing.assert_equal(getattr(left, "__dict__", left), getattr(right, "__dict__", right))


def test_centre_of_mass_and_detectors() -> None:
    """A disk of known place: its centre, and the counts that each detector sees."""
    shape = (64, 48)
    detectors = standard_detectors(shape, (30.0, 20.0), 8.0)
    y, x = np.indices(shape)
    frame = (np.hypot(y - 31, x - 18) <= 6).astype("u2")[None]
    names = ["BF", "ABF", "ADF", "HAADF", "DPC0", "DPC1", "DPC2", "DPC3"]
    assert list(detectors) == names
    weights = np.concatenate([moment_weights(shape), np.stack(list(detectors.values()))])
    values = FrameSums(weights).process(Block(0, encode(frame))).array()
    assert np.allclose(centre_of_mass(values[:, :3]), [[31, 18]], rtol=0, atol=1e-12)
    seen = dict(zip(names, values[0, 3:], strict=True))
    assert seen["BF"] + seen["ADF"] == frame.sum()
    assert seen["HAADF"] == 0
    assert sum(seen[f"DPC{q}"] for q in range(4)) == seen["BF"]
    assert seen["DPC1"] > seen["DPC3"]  # moved to +y
    assert seen["DPC2"] > seen["DPC0"]  # and to -x
    assert np.isnan(centre_of_mass(np.zeros((1, 3), np.int64))).all()


def test_quadrants_fill_the_annulus_evenly() -> None:
    masks = quadrants((65, 65), (32.0, 32.0), 5, 20)
    assert (masks.sum(axis=0) <= 1).all()
    assert len(set(masks.sum(axis=(1, 2)))) == 1
    assert masks[0, 32, 45]
    assert masks[1, 45, 32]


def test_radial_profile_of_rings() -> None:
    ring = rings((32, 32), (16.0, 16.0))
    reduction = RadialSums(ring)
    profile = reduction.process(Block(0, (3 + ring).astype("u2")[None])).array()[0] / reduction.areas
    assert np.array_equal(profile, 3 + np.arange(ring.max() + 1))


def test_missing_and_damaged_blocks_are_told() -> None:
    frames = np.ones((4, 5, 5), "u1")
    sums = FrameSums(np.ones((1, 5, 5), int))
    with pytest.raises(ValueError, match="missing"):
        reduce(sums, [Block(0, frames), Block(5, frames)]).array()
    chunk = encode(frames)
    with pytest.raises(CorruptChunk):
        sums.process(Block(0, chunk[:-3]))
    with pytest.raises(ValueError, match="weights"):
        sums.process(Block(0, frames[:, :3]))
    with pytest.raises(ValueError, match="integers from 0"):
        FrameSums(-np.ones((1, 2, 2), int))


def test_events_are_not_expanded() -> None:
    assert isinstance(open_chunk(encode(np.eye(9, dtype="u2")[None]))[1], Gaps)
