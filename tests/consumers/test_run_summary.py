from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from stemline.consumers.run_summary import Points, RunSummary, Survey


def points(value: list[float], flags: list[int]) -> Points:
    column = np.zeros(len(value))
    return Points(column, column, np.array(value), column, np.array(flags, dtype=np.int64), column, column)


def test_best_so_far_trusts_no_flagged_and_no_missing_value() -> None:
    nan = np.nan
    measured = points([nan, 1.0, 9.0, nan, 0.5, 2.0], [0, 0, 4, 0, 0, 0])
    assert np.array_equal(measured.best_so_far, [nan, 1, 1, 1, 1, 2], equal_nan=True)
    assert measured.best == 5


def test_no_trusted_value_no_best() -> None:
    assert points([np.nan, 3.0], [0, 1]).best is None
    assert points([], []).best is None
    assert len(points([], []).best_so_far) == 0


def test_largest_negative_value() -> None:
    assert points([-5.0, -2.0, np.nan], [0, 0, 0]).best == 1


def test_size_of_the_field() -> None:
    assert Survey(np.zeros((30, 40)), 80.0).size == (60.0, 80.0)


def test_mean_dose(make_summary: Callable[..., RunSummary]) -> None:
    run = make_summary()
    # 4e7 electrons on 80 nm x 60 nm = 480 000 Å².
    assert run.mean_dose == pytest.approx(4e7 / 480_000)
    assert dataclasses.replace(run, survey=None).mean_dose is None
    assert run.duration == pytest.approx(10.0)
