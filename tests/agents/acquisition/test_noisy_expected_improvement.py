import numpy as np
import pytest

from stemline.agents.acquisition import expected_improvement, noisy_expected_improvement

MEAN, SIGMA = np.array([0.0, 1.0, 1.5]), np.array([1.0, 0.5, 0.0])


def test_is_the_improvement_over_draws_of_the_best() -> None:
    bests = np.array([0.4, 1.2, 0.9])
    rng = np.random.default_rng(0)
    values = MEAN[:, None] + SIGMA[:, None] * rng.normal(size=(3, 300_000))
    gains = np.maximum(values - rng.choice(bests, 300_000), 0.0).mean(axis=1)
    assert noisy_expected_improvement(MEAN, SIGMA, bests) == pytest.approx(gains, abs=0.01)


def test_of_a_best_that_is_known_it_is_expected_improvement() -> None:
    np.testing.assert_allclose(
        noisy_expected_improvement(MEAN, SIGMA, np.full(4, 0.7)), expected_improvement(MEAN, SIGMA, 0.7)
    )
