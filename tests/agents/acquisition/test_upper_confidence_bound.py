import numpy as np

from stemline.agents.acquisition import upper_confidence_bound


def test_is_exceeded_as_rarely_as_it_says() -> None:
    draws = np.random.default_rng(0).normal(3.0, 0.5, 100_000)
    bound = upper_confidence_bound(np.array([3.0]), np.array([0.5]))
    assert abs(np.mean(draws > bound) - 0.0228) < 0.002


def test_without_optimism_is_the_mean() -> None:
    mean = np.array([1.0, -2.0])
    np.testing.assert_array_equal(upper_confidence_bound(mean, np.ones(2), optimism=0.0), mean)


def test_prefers_the_less_known_of_two_that_look_as_good() -> None:
    mean, sigma = np.array([0.0, 1.0]), np.array([1.0, 0.1])
    assert upper_confidence_bound(mean, sigma).argmax() == 0
