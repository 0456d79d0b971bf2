import numpy as np
import pytest

from stemline.agents.acquisition import probability_of_improvement

MEAN, SIGMA = np.array([0.0, 1.0, 1.5]), np.array([1.0, 0.5, 0.0])


def test_is_how_often_a_draw_is_better() -> None:
    rng = np.random.default_rng(0)
    values = MEAN[:, None] + SIGMA[:, None] * rng.normal(size=(3, 300_000))
    better = 1.1 + 0.2 * MEAN.std()
    expected = (values > better).mean(axis=1)
    assert probability_of_improvement(MEAN, SIGMA, 1.1, margin=0.2) == pytest.approx(expected, abs=0.005)


def test_a_margin_prefers_what_is_less_known() -> None:
    mean, sigma = np.array([1.0, 0.9, 0.0, 0.0]), np.array([0.01, 0.3, 0.01, 0.01])
    assert np.argmax(probability_of_improvement(mean, sigma, 0.999, margin=0.0)) == 0
    assert np.argmax(probability_of_improvement(mean, sigma, 0.999, margin=0.5)) == 1
