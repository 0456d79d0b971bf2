import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from stemline.agents.acquisition import expected_improvement


@pytest.mark.parametrize(("mean", "sigma", "best"), [(0.0, 1.0, 0.0), (2.0, 0.5, 3.0), (-1.0, 2.0, -4.0)])
def test_is_the_integral_it_stands_for(mean: float, sigma: float, best: float) -> None:
    expected, _ = quad(lambda f: (f - best) * norm.pdf(f, mean, sigma), best, mean + 12 * sigma)
    assert expected_improvement(np.array([mean]), np.array([sigma]), best) == pytest.approx(
        expected, rel=1e-7
    )


def test_of_certain_values_is_what_they_exceed_the_best_by() -> None:
    result = expected_improvement(np.array([1.0, 2.0, 5.0]), np.zeros(3), 2.0)
    np.testing.assert_array_equal(result, [0.0, 0.0, 3.0])


def test_of_the_hopeless_is_nothing_and_finite() -> None:
    result = expected_improvement(np.array([-1e6, -40.0]), np.array([1e-9, 1.0]), 0.0)
    assert np.all(result >= 0)
    assert np.all(result < 1e-300)


def test_grows_with_mean_and_with_sigma() -> None:
    sigma = np.linspace(0.1, 3, 20)
    assert np.all(np.diff(expected_improvement(np.zeros(20), sigma, 1.0)) > 0)
    assert np.all(np.diff(expected_improvement(sigma, np.ones(20), 1.0)) > 0)
