from __future__ import annotations

import numpy as np
import pytest

from stemline.analysis.scalarise.alignment import (
    channel_shift,
    common_offset,
    edge_shift,
    zero_loss_shift,
)
from stemline.analysis.scalarise.background import FitFailedError

ENERGY = np.arange(-10.0, 40.0, 0.25)


def peak(centre: float, height: float, width: float) -> np.ndarray:
    return height * np.exp(-0.5 * ((ENERGY - centre) / width) ** 2)


@pytest.mark.parametrize("position", [-1.13, 0.0, 0.4, 1.87])
def test_zero_loss_is_found_between_channels(position: float) -> None:
    counts = peak(position, 1e5, 0.6) + peak(15, 3e5, 2)  # a thick specimen: the plasmon is the higher peak
    assert zero_loss_shift(counts, ENERGY, (-3, 3)).value == pytest.approx(-position, abs=0.02)


def test_zero_loss_scatters_as_its_gradient_says() -> None:
    rng = np.random.default_rng(0)
    truth = peak(0.4, 300, 0.6)
    draws = [zero_loss_shift(rng.poisson(truth).astype(float), ENERGY, (-3, 3)) for _ in range(500)]
    pulls = [(draw.value + 0.4) / draw.sigma(truth) for draw in draws]
    assert np.std(pulls) == pytest.approx(1.0, abs=0.15)


def test_zero_loss_needs_counts() -> None:
    with pytest.raises(FitFailedError, match="zero-loss"):
        zero_loss_shift(peak(20, 1e5, 0.1), ENERGY, (-3, 3))


def test_zero_loss_at_the_start_of_the_axis() -> None:
    counts = np.zeros(50)
    counts[:3] = 9.0, 10.0, 9.0
    assert zero_loss_shift(counts, np.arange(50.0) - 1, (-3, 3)).value == 0


def test_channel_is_put_at_its_energy() -> None:
    assert channel_shift(ENERGY, 40, 3.0).value == pytest.approx(3.0)
    assert not channel_shift(ENERGY, 40, 3.0).gradient.any()


def test_edge_reports_how_far_the_axis_is_off() -> None:
    shift = edge_shift(peak(21.1, 1e4, 0.8) + 100, ENERGY, (18, 25), reference=25.0)
    assert shift.value == pytest.approx(3.9, abs=0.02)


def test_common_offset_tells_a_shift_from_a_wrong_dispersion() -> None:
    lines = np.array([100.0, 110.0, 130.0])
    assert common_offset(lines - 4, lines) == pytest.approx((-4.0, 0.0))
    offset, spread = common_offset(lines * 1.1, lines)
    assert spread > 0.1 * abs(offset)
