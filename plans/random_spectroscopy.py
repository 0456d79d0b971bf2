"""The baseline of `adaptive_spectroscopy`: candidates drawn blindly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
from bluesky.utils import MsgGenerator

from stemline.analysis.featurise import Candidates

from .in_order import InOrder
from .point_run import MakeProposer, run_points
from .protocols import Microscope, Records, Scalariser
from .request import Request, SurveyOptions
from .spectra import Spectra
from .summary import ExperimentSummary


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
) -> MsgGenerator[ExperimentSummary]:
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

    return (yield from run_points(microscope, records, Spectra(scalarise), at_random(seed), request, start))


def at_random(seed: int) -> MakeProposer:
    """Make a proposer that visits the candidates in random order."""

    def propose(candidates: Candidates) -> InOrder:
        order = np.random.default_rng(seed).permutation(len(candidates.positions))
        return InOrder(candidates.positions, order, "random")

    return propose
