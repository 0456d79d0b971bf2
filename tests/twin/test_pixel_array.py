from dataclasses import replace

import numpy as np
import pytest

from stemline.twin.diffraction import disk
from stemline.twin.pixel_array import EMPAD, MERLIN, PixelArray, electrons, expose, references

SHAPE = (48, 48)
PERFECT = PixelArray(point_spread=0.0, dead_time=0.0)


def exposed(sensor, expected, dwell_time=1e-3, seed=0):
    rng = np.random.default_rng(seed)
    return expose(expected, dwell_time, sensor, references(sensor, SHAPE, rng), rng)


def test_a_perfect_counter_is_poisson():
    frames = exposed(PERFECT, np.full((200, *SHAPE), 3.0)).frames
    assert frames.dtype == np.uint16
    assert frames.mean() == pytest.approx(3, abs=0.01)
    assert frames.var() == pytest.approx(3, abs=0.03)


def test_shared_charge_leaves_counts_poisson_and_blurs_an_integrating_detector():
    flat = np.full((200, *SHAPE), 3.0)
    inner = (slice(None), slice(8, -8), slice(8, -8))
    counted = exposed(replace(PERFECT, point_spread=0.6), flat).frames[inner]
    assert counted.var() == pytest.approx(3, abs=0.05)
    sensor = PixelArray("integrating", 24, 0.6, 0.0, gain=100.0)
    read = exposed(sensor, flat).frames[inner].astype(float) / 100
    assert read.mean() == pytest.approx(3, abs=0.01)
    assert read.var() < 0.5 * 3  # charge shared among pixels is the same charge


def test_dead_time_loses_counts_and_says_so():
    rate, dwell_time = 1e6, 1e-3  # tau = 1 us: half are lost
    slow = replace(PERFECT, dead_time=1e-6)
    result = exposed(slow, np.full((100, *SHAPE), rate * dwell_time), dwell_time)
    assert result.frames.mean() == pytest.approx(500, rel=0.01)
    assert result.saturated.all()
    few = exposed(slow, np.full((100, *SHAPE), 0.1 * rate * dwell_time), dwell_time)
    assert few.frames.var() == pytest.approx(100 / 1.1**3, rel=0.05)  # of the counter's m = n / (1 + n tau)
    assert not exposed(slow, np.full((1, *SHAPE), 10.0), dwell_time).saturated.any()


def test_full_pixels_are_flagged_and_clipped():
    expected = np.zeros((1, *SHAPE))
    expected[0, 5, 6] = 1e5
    result = exposed(PERFECT, expected)
    assert result.frames[0, 5, 6] == 4095
    assert np.argwhere(result.saturated[0]).tolist() == [[5, 6]]


def test_references_give_the_electrons_back():
    rng, sensor = np.random.default_rng(1), replace(EMPAD, dead=0.0)
    belongs = references(sensor, SHAPE, rng)
    frames = expose(np.full((400, *SHAPE), 2.0), 1e-3, sensor, belongs, rng).frames
    found = electrons(frames, sensor, belongs)[:, 2:-2, 2:-2]
    assert found.mean() == pytest.approx(2, abs=0.01)
    assert found.mean(axis=0).std() < 0.1  # no pattern of the pixels is left: 1.4 / sqrt(400) is
    assert frames.std() > 40  # but the raw frames have it


def test_defects_are_where_the_references_say():
    sensor = replace(MERLIN, dead=0.02, hot=0.01)
    rng = np.random.default_rng(2)
    belongs = references(sensor, SHAPE, rng)
    frames = expose(np.full((50, *SHAPE), 20.0), 1e-3, sensor, belongs, rng).frames
    assert 0 < belongs.hot.sum() < (~belongs.usable).sum()
    assert (frames[:, belongs.hot] == sensor.full).all()
    assert (frames[:, ~belongs.usable & ~belongs.hot] == 0).all()
    assert np.isnan(electrons(frames, sensor, belongs)[:, ~belongs.usable]).all()


def test_the_centre_of_mass_of_a_disk_is_as_noisy_as_counting_makes_it():
    angles = (np.arange(48) - 23.5) * 0.06
    pattern = disk(angles[:, None], angles, 1.0, 0.06) * 0.06**2
    frames = exposed(PERFECT, np.broadcast_to(400 * pattern, (2000, 48, 48))).frames.astype(float)
    centre = (frames * angles).sum(axis=(1, 2)) / frames.sum(axis=(1, 2))
    assert centre.std() == pytest.approx(1.0 / 2 / np.sqrt(400), rel=0.05)  # alpha / 2 / sqrt(N)


def test_the_same_generator_gives_the_same_frames():
    expected = np.full((2, *SHAPE), 1.0)
    np.testing.assert_array_equal(exposed(MERLIN, expected).frames, exposed(MERLIN, expected).frames)
