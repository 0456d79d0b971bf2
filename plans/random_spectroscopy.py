"""The baseline of `adaptive_spectroscopy`: candidates drawn blindly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bluesky.utils import MsgGenerator

from stemline.analysis.featurise import Candidates

from .in_order import InOrder
from .protocols import Microscope, Records, Scalariser
from .spectroscopy_run import Request, run_spectroscopy
from .summary import SpectroscopySummary
from .survey import Frame


def random_spectroscopy(
    microscope: Microscope,
    records: Records,
    scalarise: Scalariser,
    *,
    num_points: int,
    dwell_time: float,
    seed: int,
    survey_shape: tuple[int, int] | None = None,
    field_of_view: float | None = None,
    survey_dwell_time: float | None = None,
    candidate_grid: tuple[int, int] | None = None,
    patch_size: int | None = None,
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[SpectroscopySummary]:
    """Measure spectra at candidates in random order; the streams are those of `adaptive_spectroscopy`.

    Parameters
    ----------
    seed
        Of the order; recorded in the start document.

    The other parameters are those of `adaptive_spectroscopy`.
    """
    frame = Frame(survey_shape, field_of_view, survey_dwell_time)
    request = Request(num_points, dwell_time, frame, candidate_grid, patch_size, suggest_timeout=10.0)
    args = {**request.arguments(), "seed": seed}
    start = {"plan_name": "random_spectroscopy", "plan_args": args, "seed": seed, **(md or {})}

    def propose(candidates: Candidates) -> InOrder:
        order = np.random.default_rng(seed).permutation(len(candidates.positions))
        return InOrder(candidates.positions, order, "random")

    return (yield from run_spectroscopy(microscope, records, scalarise, propose, request, start))
