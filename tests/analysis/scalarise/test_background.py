from __future__ import annotations

import numpy as np
import pytest

from stemline.analysis.scalarise.background import (
    FitFailedError,
    exponential,
    power_law,
    subtract_fitted,
    subtract_none,
)

ENERGY = np.arange(300.0, 600.0)
FIT = np.where((ENERGY >= 350) & (ENERGY < 450), 1.0, 0.0)
LATER = ENERGY >= 450


@pytest.mark.parametrize(
    ("truth", "design"),
    [
        (1e4 * (ENERGY / 400) ** -3.2, power_law(ENERGY)),
        (1e4 * ((ENERGY - 50) / 400) ** -2.5, power_law(ENERGY, origin=50)),
        (1e4 * np.exp(-ENERGY / 90), exponential(ENERGY)),
    ],
)
def test_recovers_its_own_model(truth: np.ndarray, design: np.ndarray) -> None:
    net = subtract_fitted(truth + np.where(LATER, 500.0, 0.0), design, FIT)
    np.testing.assert_allclose(net.values[LATER], 500.0, rtol=1e-6)


def test_extrapolation_is_unbiased_where_counts_are_few() -> None:
    rng = np.random.default_rng(1)
    truth = 3.0 * (ENERGY / 400) ** -3
    draws = [
        subtract_fitted(rng.poisson(truth).astype(float), power_law(ENERGY), FIT).background[LATER].sum()
        for _ in range(300)
    ]
    error = np.std(draws) / np.sqrt(len(draws))
    # a straight line through the logarithms of 3 counts a channel would miss by 20 %
    assert abs(np.mean(draws) - truth[LATER].sum()) < 4 * error + 0.02 * truth[LATER].sum()


def test_gradient_is_the_derivative_by_each_channel() -> None:
    counts = 100 * (ENERGY / 400) ** -3
    weights = np.where(LATER & (ENERGY < 480), 1.0, 0.0)
    gradient = subtract_fitted(counts, power_law(ENERGY), FIT).weighted_sum(weights).gradient
    for channel in (20, 60, 140, 160, 250):
        high, low = counts.copy(), counts.copy()
        high[channel] += 0.5
        low[channel] -= 0.5
        numeric = (
            subtract_fitted(high, power_law(ENERGY), FIT).weighted_sum(weights).value
            - subtract_fitted(low, power_law(ENERGY), FIT).weighted_sum(weights).value
        )
        assert gradient[channel] == pytest.approx(numeric, abs=1e-4)


@pytest.mark.parametrize("counts", [np.zeros(300), -np.ones(300)])
def test_no_counts_are_no_fit(counts: np.ndarray) -> None:
    with pytest.raises(FitFailedError, match="too few counts"):
        subtract_fitted(counts, power_law(ENERGY), FIT)


def test_one_channel_is_no_fit() -> None:
    with pytest.raises(FitFailedError, match="too few counts"):
        subtract_fitted(np.ones(300), power_law(ENERGY), np.eye(300)[40])


def test_none_keeps_the_counts() -> None:
    counts = np.arange(5.0)
    net = subtract_none(counts)
    np.testing.assert_array_equal(net.values, counts)
    np.testing.assert_array_equal(net.weighted_sum(np.ones(5)).gradient, 1.0)
