"""The exhaustive peer of `adaptive_spectroscopy`: a spectrum at every candidate, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Unpack

import numpy as np
from bluesky.utils import MsgGenerator
from numpy.typing import NDArray

from stemline.analysis.featurise import Candidates

from .in_order import InOrder
from .point_run import run_points
from .protocols import Microscope, Records, Scalariser
from .request import Request, SurveyOptions
from .spectra import Spectra
from .summary import ExperimentSummary


def grid_spectroscopy(
    microscope: Microscope,
    records: Records,
    scalarise: Scalariser,
    *,
    dwell_time: float,
    num_points: int | None = None,
    order: Literal["raster", "snake"] = "snake",
    md: Mapping[str, Any] | None = None,
    **survey: Unpack[SurveyOptions],
) -> MsgGenerator[ExperimentSummary]:
    """Measure a spectrum at every candidate; streams and scalar are those of `adaptive_spectroscopy`.

    Parameters
    ----------
    order
        "raster": every line from left to right; "snake": every other line from right to left.
    num_points
        Most points to measure; None for all.

    The other parameters are those of `adaptive_spectroscopy`.
    """
    request = Request(num_points, dwell_time, survey)
    args = {**request.arguments(), "order": order}
    start = {"plan_name": "grid_spectroscopy", "plan_args": args, **(md or {})}

    def propose(candidates: Candidates) -> InOrder:
        return InOrder(candidates.positions, line_order(candidates.grid, order), "grid")

    return (yield from run_points(microscope, records, Spectra(scalarise), propose, request, start))


def line_order(grid: tuple[int, int], order: Literal["raster", "snake"]) -> NDArray[np.intp]:
    """Return the indices of a ``(ny, nx)`` grid in the order of a raster or a snake, ``(ny * nx,)``."""
    indices = np.arange(grid[0] * grid[1]).reshape(grid)
    if order == "snake":
        indices[1::2] = indices[1::2, ::-1]
    return indices.ravel()
