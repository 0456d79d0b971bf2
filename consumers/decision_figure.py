"""Why a point was chosen, in one picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .run_summary import RunSummary
from .summary_figure import extent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
CHOSEN, MEASURED = "#3cff64", "white"


@dataclass(frozen=True)
class Patch:
    """What the survey image shows around a candidate, and what is known of it there."""

    image: NDArray[np.generic]
    title: str


@dataclass(frozen=True, eq=False)
class Decision:
    """What a suggestion was based on.

    Attributes
    ----------
    run
        Whose.
    id
        Its ``decision_id``.
    lines
        What is to be said of it.
    y, x
        Where [nm].
    measured_y, measured_x
        Where values were known by then [nm], ``(k,)``.
    mean, sigma, acquisition
        Maps over the candidates ``(gy, gx)``; None without a model.
    patches
        That of the chosen candidate, then those of the measured ones most like it.
    """

    run: RunSummary
    id: int
    lines: tuple[str, ...]
    y: float
    x: float
    measured_y: Floats
    measured_x: Floats
    mean: Floats | None
    sigma: Floats | None
    acquisition: Floats | None
    patches: tuple[Patch, ...]


def draw_decision(decision: Decision, path: Path) -> None:
    """Draw a decision into a PNG file."""
    figure = Figure(figsize=(13.0, 7.2), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle("\n".join(decision.lines), fontsize=11)
    parts: Any = figure.subfigures(2, 1, height_ratios=(3, 2))
    above, below = parts
    axes = above.subplots(1, 4)
    survey = decision.run.survey
    assert survey is not None
    low, high = np.percentile(survey.image.astype(np.float64), (0.5, 99.5))
    axes[0].set_title("HAADF survey, measured by then")
    axes[0].imshow(survey.image, cmap="gray", extent=extent(survey.size), vmin=low, vmax=high)
    maps = {"mean": "viridis", "sigma": "magma", "acquisition": "cividis"}
    for one, (name, colours) in zip(axes[1:], maps.items(), strict=True):
        values = getattr(decision, name)
        one.set_title({"mean": "predicted mean", "sigma": "predicted sigma"}.get(name, name))
        if values is None:
            one.text(0.5, 0.5, "no model yet", transform=one.transAxes, ha="center", color="0.5")
            one.set_axis_off()
            continue
        drawn = one.imshow(values, cmap=colours, extent=extent(survey.size))
        above.colorbar(drawn, ax=one, orientation="horizontal", shrink=0.85)
    for one in axes:
        if one.axison:
            _mark(one, decision)
    for place, patch in zip(below.subplots(1, max(len(decision.patches), 2)), decision.patches, strict=False):
        place.imshow(patch.image, cmap="gray", vmin=low, vmax=high)
        place.set_title(patch.title, fontsize=9)
        place.set_xticks([])
        place.set_yticks([])
    figure.savefig(path)


def _mark(axes: Axes, decision: Decision) -> None:
    axes.set_xlabel("x [nm]")
    axes.scatter(
        decision.measured_x, decision.measured_y, s=9, c=MEASURED, edgecolors="black", linewidths=0.4
    )
    axes.scatter(decision.x, decision.y, s=130, facecolors="none", edgecolors="black", linewidths=3.0)
    axes.scatter(decision.x, decision.y, s=130, facecolors="none", edgecolors=CHOSEN, linewidths=1.6)
