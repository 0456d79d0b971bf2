from __future__ import annotations

import dataclasses
from collections.abc import Callable

from stemline.consumers.run_summary import RunSummary
from stemline.consumers.summary_table import format_summary


def test_says_what_was_found(make_summary: Callable[..., RunSummary]) -> None:
    run = make_summary()
    text = format_summary(run)
    best = run.points.best
    assert best is not None
    assert f"{run.points.value[best]:.4g}" in text
    assert f"point {best + 1}" in text
    assert "40 of 40, 2 flagged" in text
    assert "83.3 e-/Å²" in text
    assert "success: measured the 40 points asked for" in text


def test_columns_line_up(make_summary: Callable[..., RunSummary]) -> None:
    run, peer = make_summary(), make_summary(plan_name="random_spectroscopy", seed=1)
    lines = format_summary(run, peer).splitlines()
    column = lines[0].index("random_spectroscopy")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)


def test_run_without_points(make_summary: Callable[..., RunSummary]) -> None:
    empty = dataclasses.replace(make_summary(0), survey=None, prediction=None, status="running", reason="")
    text = format_summary(empty)
    assert "none" in text
    assert text.splitlines()[-1].split() == ["ended", "running"]
