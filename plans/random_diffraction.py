"""The baseline of `adaptive_diffraction`: candidates drawn blindly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from bluesky.utils import MsgGenerator

from stemline.analysis.descan import Descan

from .patterns import Patterns
from .point_run import run_points
from .protocols import Microscope, PatternScalariser, Records
from .random_spectroscopy import at_random
from .request import Request, SurveyOptions
from .summary import ExperimentSummary


def random_diffraction(
    microscope: Microscope,
    records: Records,
    scalarise: PatternScalariser,
    *,
    num_points: int,
    dwell_time: float,
    seed: int,
    descan: Descan | None = None,
    md: Mapping[str, Any] | None = None,
    **survey: Unpack[SurveyOptions],
) -> MsgGenerator[ExperimentSummary]:
    """Measure patterns at candidates in random order; the streams are those of `adaptive_diffraction`.

    Parameters
    ----------
    seed
        Of the order; recorded in the start document.

    The other parameters are those of `adaptive_diffraction`.
    """
    request = Request(num_points, dwell_time, survey)
    args = {**request.arguments(), "seed": seed}
    start = {"plan_name": "random_diffraction", "plan_args": args, "seed": seed, **(md or {})}

    return (
        yield from run_points(
            microscope, records, Patterns(scalarise, descan), at_random(seed), request, start
        )
    )
