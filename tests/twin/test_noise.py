import numpy as np
import pytest

from stemline.twin.noise import counts, electrons


def test_a_picoampere_is_six_million_electrons_a_second():
    assert electrons(1.0, 1.0) == pytest.approx(6.2415e6, rel=1e-4)


def test_counts_are_poisson_and_seeded():
    expected = np.full(20_000, 50.0)
    one, same = (counts(expected, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert one.dtype == np.uint32
    assert one.mean() == pytest.approx(50, abs=0.2)
    assert one.var() == pytest.approx(50, rel=0.04)


def test_a_full_channel_stays_full():
    assert counts(np.array([1e6, 10.0]), np.random.default_rng(0), 1000).max() == 1000
