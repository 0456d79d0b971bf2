from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from stemline.consumers.run_summary import RunSummary
from stemline.consumers.summary_figure import draw_summary, extent


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path: figures.append(self))
    return figures


def test_maps_are_where_the_points_are(
    make_summary: Callable[..., RunSummary], drawn: list[Figure], tmp_path: Path
) -> None:
    """An image pixel drawn at (x, y) is the one measured at (x, y): +x right, +y down."""
    run = make_summary()
    assert run.survey is not None
    draw_summary(run, tmp_path / "figure.png")
    (image,) = drawn[0].axes[0].get_images()
    left, right, bottom, top = image.get_extent()
    assert (left, right, bottom, top) == (-40.0, 40.0, 30.0, -30.0)
    assert image.origin == "upper"
    visited = np.vstack([points.get_offsets() for points in drawn[0].axes[0].collections])
    assert {tuple(p) for p in visited} == set(zip(run.points.x, run.points.y, strict=True))
    assert drawn[0].axes[0].get_ylim() == (30.0, -30.0)


def test_numbers_say_the_order(
    make_summary: Callable[..., RunSummary], drawn: list[Figure], tmp_path: Path
) -> None:
    run = make_summary(120)
    draw_summary(run, tmp_path / "figure.png")
    texts = {int(text.get_text()): text.xy for text in drawn[0].axes[0].texts}
    assert 1 in texts
    assert 10 < len(texts) < 120
    assert all(where == (run.points.x[i - 1], run.points.y[i - 1]) for i, where in texts.items())
    apart = np.array(list(texts.values()))
    distance = np.hypot(*(apart[:, None] - apart).transpose(2, 0, 1))
    assert distance[~np.eye(len(apart), dtype=bool)].min() > 3.0


def test_learning_curves(
    make_summary: Callable[..., RunSummary], drawn: list[Figure], tmp_path: Path
) -> None:
    run, peer = make_summary(), make_summary(plan_name="random_spectroscopy", seed=1)
    draw_summary(run, tmp_path / "figure.png", peer)
    curves = {line.get_label(): line.get_ydata() for line in drawn[0].axes[3].get_lines()}
    assert np.array_equal(curves["adaptive"], run.points.best_so_far)
    assert np.array_equal(curves["random"], peer.points.best_so_far)


@pytest.mark.parametrize("num_points", [0, 1])
def test_run_that_has_just_begun(
    num_points: int, make_summary: Callable[..., RunSummary], tmp_path: Path
) -> None:
    run = dataclasses.replace(
        make_summary(num_points), survey=None, prediction=None, decisions={}, status="running", reason=""
    )
    draw_summary(run, tmp_path / "figure.png")
    assert matplotlib.image.imread(tmp_path / "figure.png").shape[2] == 4


def test_extent_has_y_down() -> None:
    assert extent((60.0, 80.0)) == (-40.0, 40.0, 30.0, -30.0)
