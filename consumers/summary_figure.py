"""A run in one picture: what was seen, where was measured, what the model expects, how fast it learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .run_summary import RunSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 11.0  # [inch]
# Numbers nearer to each other than this part of the field can't be read.
NUMBER_SPACING = 0.045
SEED = "seed"
PEER_COLOUR = "0.55"
RUN_COLOUR = "#0b6e99"


def draw_summary(summary: RunSummary, path: Path, peer: RunSummary | None = None) -> None:
    """Draw a run into a PNG file.

    Parameters
    ----------
    summary
        The run; panels without data say so.
    path
        File to write.
    peer
        A run to compare the learning curve with, e.g. one that measured at random.
    """
    figure = Figure(figsize=(WIDTH, _height(summary)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2)
    figure.suptitle(_title(summary), fontsize=12)
    _draw_visits(figure, axes[0, 0], summary)
    _draw_prediction(figure, axes[0, 1], summary, "mean")
    _draw_prediction(figure, axes[1, 0], summary, "sigma")
    _draw_learning(axes[1, 1], summary, peer)
    figure.savefig(path)


def extent(size: tuple[float, float]) -> tuple[float, float, float, float]:
    """Edges (left, right, bottom, top) [nm] of a field of view of `size` (y, x) [nm], y downwards."""
    height, width = size
    return -width / 2, width / 2, height / 2, -height / 2


def _height(run: RunSummary) -> float:
    """Give the maps the room that their shape needs [inch]."""
    height, width = run.survey.size if run.survey is not None else (3.0, 4.0)
    panel = 0.36 * WIDTH * height / width
    return 2 * min(max(panel, 2.4), 6.0) + 2.2


def _title(run: RunSummary) -> str:
    name = run.plan_name.replace("_", " ")
    scalar = run.scalar.replace("_", " ")
    dose = "" if np.isnan(run.electrons) else f", {run.electrons:.2g} electrons"
    return f"{name}, run {run.uid[:8]}: {scalar} at {len(run.points)} points{dose}"


def _draw_visits(figure: Figure, axes: Axes, run: RunSummary) -> None:
    axes.set_title("HAADF survey and visited points, in order")
    _label_field(axes, run)
    if run.survey is not None:
        low, high = np.percentile(run.survey.image.astype(np.float64), (0.5, 99.5))
        axes.imshow(run.survey.image, cmap="gray", extent=extent(run.survey.size), vmin=low, vmax=high)
        axes.set_autoscale_on(False)
    else:
        axes.set_aspect("equal")
        axes.invert_yaxis()
    points = run.points
    if not len(points):
        return _say(axes, "no points")
    number = np.arange(1, len(points) + 1)
    seeds = _seeds(run)
    for which, marker in ((seeds, "s"), (~seeds, "o")):
        drawn = axes.scatter(
            points.x[which],
            points.y[which],
            c=number[which],
            vmin=1,
            vmax=max(len(points), 2),
            cmap="plasma",
            marker=marker,
            s=26,
            edgecolors="white",
            linewidths=0.6,
            label="seed" if marker == "s" else "chosen",
        )
    for i in _legible(points.y, points.x):
        text = axes.annotate(
            str(i + 1),
            (points.x[i], points.y[i]),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=6,
            color="white",
        )
        text.set_path_effects([patheffects.withStroke(linewidth=1.2, foreground="black")])
    if points.best is not None:
        axes.scatter(
            points.x[points.best],
            points.y[points.best],
            marker="o",
            s=120,
            facecolors="none",
            edgecolors="#3cff64",
            linewidths=1.6,
            label="best",
        )
    if seeds.any():
        # Under the picture, where it hides nothing.
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, fontsize=8, frameon=False)
    bar = figure.colorbar(drawn, cax=_beside(axes), label="point")
    bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return None


def _draw_prediction(figure: Figure, axes: Axes, run: RunSummary, which: str) -> None:
    title = {"mean": "Predicted mean", "sigma": "Predicted sigma"}[which]
    axes.set_title(title)
    _label_field(axes, run)
    if run.prediction is None:
        return _say(axes, "no model")
    values: NDArray[np.float64] = getattr(run.prediction, which)
    size = run.survey.size if run.survey is not None else (float(values.shape[0]), float(values.shape[1]))
    cmap = {"mean": "viridis", "sigma": "magma"}[which]
    drawn = axes.imshow(values, cmap=cmap, extent=extent(size))
    axes.scatter(run.points.x, run.points.y, s=5, c="white", edgecolors="black", linewidths=0.3)
    label = run.scalar.replace("_", " ") + (f" [{run.unit}]" if run.unit else "")
    figure.colorbar(drawn, cax=_beside(axes), label=label if which == "mean" else f"sigma of {label}")
    return None


def _draw_learning(axes: Axes, run: RunSummary, peer: RunSummary | None) -> None:
    axes.set_title("Learning curve")
    axes.set_xlabel("points measured")
    scalar = run.scalar.replace("_", " ")
    axes.set_ylabel(f"best {scalar} so far" + (f" [{run.unit}]" if run.unit else ""))
    axes.grid(alpha=0.25)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not len(run.points):
        return _say(axes, "no points")
    if peer is not None and len(peer.points):
        _step(axes, peer, PEER_COLOUR, 1.6)
    number = _step(axes, run, RUN_COLOUR, 2.2)
    trusted = run.points.trusted
    axes.errorbar(
        number[trusted],
        run.points.value[trusted],
        yerr=run.points.sigma[trusted],
        fmt=".",
        markersize=4,
        color=RUN_COLOUR,
        alpha=0.4,
        elinewidth=0.8,
        label="measured",
    )
    if num_seeds := int(_seeds(run).sum()):
        axes.axvspan(0.5, num_seeds + 0.5, color="0.5", alpha=0.12, linewidth=0)
        axes.text(0.7, 0.02, "seeds", transform=axes.get_xaxis_transform(), fontsize=8, color="0.4")
    axes.legend(loc="best", fontsize=8)
    return None


def _step(axes: Axes, run: RunSummary, colour: str, width: float) -> NDArray[np.int64]:
    number = np.arange(1, len(run.points) + 1)
    label = run.plan_name.removesuffix("_spectroscopy").replace("_", " ")
    axes.step(number, run.points.best_so_far, where="post", color=colour, linewidth=width, label=label)
    return number


def _legible(y: NDArray[np.float64], x: NDArray[np.float64]) -> list[int]:
    """Choose points to number, in order, that lie apart from those chosen before."""
    spacing = NUMBER_SPACING * max(np.ptp(y), np.ptp(x))
    chosen: list[int] = []
    for i in range(len(y)):
        if not chosen or np.hypot(y[chosen] - y[i], x[chosen] - x[i]).min() > spacing:
            chosen.append(i)
    return chosen


def _seeds(run: RunSummary) -> NDArray[np.bool_]:
    """Which points the agent drew blindly, before it had a model; by the order of decisions."""
    seeds = np.zeros(len(run.points), dtype=bool)
    if "decision_strategy" in run.decisions:
        strategies = run.decisions["decision_strategy"][: len(seeds)]
        seeds[: len(strategies)] = strategies == SEED
    return seeds


def _beside(axes: Axes) -> Axes:
    """Make room for a colour bar as high as the map."""
    return axes.inset_axes((1.03, 0.0, 0.04, 1.0))


def _label_field(axes: Any, run: RunSummary) -> None:
    height, width = run.survey.size if run.survey is not None else (1.0, 1.0)
    if width < height / 3:  # a strip: the numbers of more ticks would lie over one another
        axes.xaxis.set_major_locator(MaxNLocator(nbins=1))
    axes.set_xlabel("x [nm]")
    axes.set_ylabel("y [nm]")


def _say(axes: Axes, what: str) -> None:
    axes.text(0.5, 0.5, what, transform=axes.transAxes, ha="center", va="center", color="0.5")
