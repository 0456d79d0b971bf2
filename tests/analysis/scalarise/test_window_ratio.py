from __future__ import annotations

import numpy as np
import pytest

from stemline.analysis.scalarise import Flags, make_scalariser

ENERGY = 350 + 0.5 * np.arange(500)
BACKGROUND = 300 * (ENERGY / 400) ** -3.0
LINES = 250 * np.exp(-0.5 * ((ENERGY - 455) / 2) ** 2) + 500 * np.exp(-0.5 * ((ENERGY - 475) / 2) ** 2)
RATIO = {
    "window": (447, 463),
    "reference_window": (467, 483),
    "background": "power_law",
    "fit_window": (380, 440),
}


def test_ratio_of_two_known_lines() -> None:
    result = make_scalariser("window_ratio", **RATIO)(BACKGROUND + LINES, ENERGY)
    assert result.value == pytest.approx(0.5, rel=1e-4)


def test_sigma_knows_that_both_windows_share_a_background() -> None:
    rng = np.random.default_rng(2)
    scalariser = make_scalariser("window_ratio", **RATIO)
    results = [scalariser(rng.poisson(BACKGROUND + LINES), ENERGY) for _ in range(800)]
    pulls = np.array([(result.value - 0.5) / result.sigma for result in results])
    assert pulls.std() == pytest.approx(1.0, abs=0.1)


def test_a_window_over_itself_is_certain() -> None:
    result = make_scalariser("window_ratio", **(RATIO | {"reference_window": (447, 463)}))(
        BACKGROUND + LINES, ENERGY
    )
    assert result.value == pytest.approx(1.0)
    assert result.sigma == pytest.approx(0.0, abs=1e-12)


def test_nothing_to_divide_by_is_flagged() -> None:
    result = make_scalariser("window_ratio", window=(400, 410), reference_window=(420, 430))(
        np.where(ENERGY < 415, 100, 0), ENERGY
    )
    assert np.isnan(result.value)
    assert np.isnan(result.sigma)
    assert result.flags == Flags.FIT_FAILED | Flags.TOO_FEW_COUNTS


def test_normalisation_is_refused() -> None:
    with pytest.raises(ValueError, match="does not change with the counts"):
        make_scalariser("window_ratio", **RATIO, normalisation="total")
