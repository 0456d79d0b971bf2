from __future__ import annotations

import numpy as np
import pytest

from stemline.analysis.scalarise import make_scalariser

ENERGY = np.arange(0.0, 40.0, 0.1)
PEAK = 900 * np.exp(-0.5 * ((ENERGY - 15) / 1.5) ** 2)


def test_height_above_the_background() -> None:
    background = 200 * np.exp(-(ENERGY - 8) / 6)
    scalariser = make_scalariser(
        "window_maximum", window=(10, 20), background="exponential", fit_window=(4, 9)
    )
    assert scalariser(PEAK + background, ENERGY).value == pytest.approx(900, rel=1e-3)


def test_smoothing_near_the_line_width_tames_the_bias_of_the_maximum() -> None:
    rng = np.random.default_rng(3)
    raw = make_scalariser("window_maximum", window=(10, 20))
    smooth = make_scalariser("window_maximum", window=(10, 20), smoothing=0.9)
    excess = np.mean(
        [[s(rng.poisson(PEAK), ENERGY).value - 900 for s in (raw, smooth)] for _ in range(100)], axis=0
    )
    assert excess[0] > 25  # nearly one standard deviation of 900 counts
    assert abs(excess[1]) < 15


def test_sigma_is_that_of_the_average() -> None:
    result = make_scalariser("window_maximum", window=(10, 20), smoothing=0.5)(np.full(400, 100.0), ENERGY)
    assert result.value == pytest.approx(100)
    assert result.sigma == pytest.approx(10 / np.sqrt(5))


def test_smoothing_wider_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="smoothing 12 eV"):
        make_scalariser("window_maximum", window=(10, 20), smoothing=12)
