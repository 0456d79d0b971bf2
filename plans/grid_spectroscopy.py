"""The exhaustive peer of `adaptive_spectroscopy`: a spectrum at every candidate, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from bluesky.utils import MsgGenerator
from numpy.typing import NDArray

from stemline.analysis.featurise import Candidates

from .in_order import InOrder
from .protocols import Microscope, Records, Scalariser
from .spectroscopy_run import Request, run_spectroscopy
from .summary import SpectroscopySummary
from .survey import Frame


def grid_spectroscopy(
    microscope: Microscope,
    records: Records,
    scalarise: Scalariser,
    *,
    dwell_time: float,
    num_points: int | None = None,
    order: Literal["raster", "snake"] = "snake",
    survey_shape: tuple[int, int] | None = None,
    field_of_view: float | None = None,
    survey_dwell_time: float | None = None,
    candidate_grid: tuple[int, int] | None = None,
    patch_size: int | None = None,
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[SpectroscopySummary]:
    """Measure a spectrum at every candidate; streams and scalar are those of `adaptive_spectroscopy`.

    Parameters
    ----------
    order
        "raster": every line from left to right; "snake": every other line from right to left.
    num_points
        Most points to measure; None for all.

    The other parameters are those of `adaptive_spectroscopy`.
    """
    frame = Frame(survey_shape, field_of_view, survey_dwell_time)
    request = Request(num_points, dwell_time, frame, candidate_grid, patch_size, suggest_timeout=10.0)
    args = {**request.arguments(), "order": order}
    start = {"plan_name": "grid_spectroscopy", "plan_args": args, **(md or {})}

    def propose(candidates: Candidates) -> InOrder:
        return InOrder(candidates.positions, line_order(candidates.grid, order), "grid")

    return (yield from run_spectroscopy(microscope, records, scalarise, propose, request, start))


def line_order(grid: tuple[int, int], order: Literal["raster", "snake"]) -> NDArray[np.intp]:
    """Return the indices of a ``(ny, nx)`` grid in the order of a raster or a snake, ``(ny * nx,)``."""
    indices = np.arange(grid[0] * grid[1]).reshape(grid)
    if order == "snake":
        indices[1::2] = indices[1::2, ::-1]
    return indices.ravel()
