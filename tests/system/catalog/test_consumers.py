"""Runs in the catalog, read by consumers while they go on and after."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stemline.consumers.follow import Point, follow
from stemline.consumers.run_summary import RunSummary, read_run_summary
from stemline.consumers.summary_figure import draw_summary
from stemline.consumers.summary_table import format_summary

pytestmark = pytest.mark.system


def test_summary_of_a_finished_run(bench: Any, plan: Any, tmp_path: Path) -> None:
    run = read_run_summary(bench.runs[bench.run(plan(bench))])
    assert (run.status, run.reason, run.num_planned) == ("success", "measured enough", 12)
    assert run.survey is not None
    assert np.array_equal(run.survey.image, bench.image.frames[0])
    assert run.survey.size == (60.0, 80.0)
    assert len(run.points) == 12
    assert list(run.points.trusted) == [True, False, *[True] * 9, False]
    assert run.points.best == 10
    assert run.electrons == 120.0
    assert run.prediction is not None
    assert run.prediction.mean.shape == (64, 64)
    assert list(run.decisions["decision_strategy"][:4]) == [*["seed"] * 3, "expected_improvement"]
    draw_summary(run, tmp_path / "run.png", run)
    assert (tmp_path / "run.png").stat().st_size > 50_000
    assert "12 of 12, 2 flagged" in format_summary(run)


def test_summary_of_a_running_run(bench: Any, plan: Any) -> None:
    seen: list[RunSummary] = []

    def look() -> None:
        for _ in range(200):
            seen.append(read_run_summary(bench.runs[-1]))
            if len(seen[-1].points) == 5:
                return

    bench.run(plan(bench, look=look))
    assert len(seen[-1].points) == 5
    assert (seen[-1].status, seen[-1].reason) == ("running", "")
    assert seen[-1].prediction is None
    assert seen[-1].survey is not None


def test_follow_live(bench: Any, plan: Any) -> None:
    points: list[Point] = []
    counted = threading.Event()

    def listen(run: Any) -> None:
        for point in follow(run, poll=0.01, timeout=30):
            points.append(point)
            if point.number == 5:
                counted.set()

    listeners: list[threading.Thread] = []

    def look() -> None:
        listeners.append(threading.Thread(target=listen, args=(bench.runs[-1],)))
        listeners[0].start()
        assert counted.wait(20), "the first five points were not seen while the run waited for that"

    bench.run(plan(bench, look=look))
    listeners[0].join(20)
    assert [point.number for point in points] == list(range(1, 13))
    assert points[-1].flags == 1
