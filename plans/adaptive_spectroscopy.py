"""An agent decides, after each spectrum, where the next one is worth its dose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from bluesky.utils import MsgGenerator

from .point_run import MakeProposer, run_points
from .protocols import Microscope, Records, Scalariser
from .request import Request, SurveyOptions
from .spectra import Spectra
from .steering import Steering
from .summary import ExperimentSummary


def adaptive_spectroscopy(
    microscope: Microscope,
    records: Records,
    scalarise: Scalariser,
    make_proposer: MakeProposer,
    *,
    num_points: int,
    dwell_time: float,
    suggest_timeout: float = 60.0,
    overlap: bool = False,
    steering: Steering | None = None,
    md: Mapping[str, Any] | None = None,
    **survey: Unpack[SurveyOptions],
) -> MsgGenerator[ExperimentSummary]:
    """Measure spectra where an agent, that learns from them and from the survey image, wants them.

    One run: a survey image (stream ``survey``); for each point the agent's suggestion (stream ``decisions``),
    then position, scalar, spectrum, settings and electrons so far (stream ``primary``); at the end the maps
    the agent predicts (stream ``prediction``) and why it ended (last event of ``decisions``). It can be
    paused, resumed and aborted at any time; the beam is off the specimen but for the exposures.

    Parameters
    ----------
    microscope
        With a scanner, an annular detector and a spectrometer.
    records
        Devices that hold what is worked out: scalar, decision, prediction.
    scalarise
        Reduces a spectrum to the number that is learned.
    make_proposer
        Builds the agent from the candidates.
    num_points
        Most points to measure; the agent may stop earlier.
    dwell_time
        Exposure of one spectrum [s].
    suggest_timeout
        Longest wait for an answer of the agent [s]; the run fails after that.
    overlap
        Let the agent choose the next point while one is being measured, whose value it then does not know.
    steering
        Where a person may pin and veto points while it runs.
    md
        Metadata for the start document; what describes the agent (seed, options) belongs here.
    **survey
        The survey image and the candidates, as `SurveyOptions` has them: `survey_shape`, `field_of_view`,
        `survey_dwell_time`, `candidate_grid`, `patch_size`.

    Returns
    -------
    ExperimentSummary
        How it went; in ``RunEngineResult.plan_result`` with ``call_returns_result=True``.

    Raises
    ------
    Exception
        What `run_points` raises.
    """
    request = Request(num_points, dwell_time, survey, suggest_timeout)
    args = {**request.arguments(), "suggest_timeout": suggest_timeout, "overlap": overlap}
    start = {"plan_name": "adaptive_spectroscopy", "plan_args": args, **(md or {})}
    measure = Spectra(scalarise)
    return (
        yield from run_points(
            microscope, records, measure, make_proposer, request, start, overlap=overlap, steering=steering
        )
    )
