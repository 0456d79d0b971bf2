"""The baseline of `adaptive_spectroscopy`: candidates drawn blindly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
from bluesky.utils import MsgGenerator

from stemline.analysis.featurise import Candidates

from .in_order import InOrder
from .protocols import Microscope, Records, Scalariser
from .request import Request, SurveyOptions
from .spectroscopy_run import run_spectroscopy
from .summary import SpectroscopySummary


def random_spectroscopy(
    microscope: Microscope,
    records: Records,
    scalarise: Scalariser,
    *,
    num_points: int,
    dwell_time: float,
    seed: int,
    md: Mapping[str, Any] | None = None,
    **survey: Unpack[SurveyOptions],
) -> MsgGenerator[SpectroscopySummary]:
    """Measure spectra at candidates in random order; the streams are those of `adaptive_spectroscopy`.

    Parameters
    ----------
    seed
        Of the order; recorded in the start document.

    The other parameters are those of `adaptive_spectroscopy`.
    """
    request = Request(num_points, dwell_time, survey)
    args = {**request.arguments(), "seed": seed}
    start = {"plan_name": "random_spectroscopy", "plan_args": args, "seed": seed, **(md or {})}

    def propose(candidates: Candidates) -> InOrder:
        order = np.random.default_rng(seed).permutation(len(candidates.positions))
        return InOrder(candidates.positions, order, "random")

    return (yield from run_spectroscopy(microscope, records, scalarise, propose, request, start))
