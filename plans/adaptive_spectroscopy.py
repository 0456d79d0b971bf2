"""An agent decides, after each spectrum, where the next one is worth its dose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bluesky.utils import MsgGenerator

from .protocols import Microscope, Records, Scalariser
from .spectroscopy_run import MakeProposer, Request, run_spectroscopy
from .summary import SpectroscopySummary
from .survey import Frame


def adaptive_spectroscopy(
    microscope: Microscope,
    records: Records,
    scalarise: Scalariser,
    make_proposer: MakeProposer,
    *,
    num_points: int,
    dwell_time: float,
    survey_shape: tuple[int, int] | None = None,
    field_of_view: float | None = None,
    survey_dwell_time: float | None = None,
    candidate_grid: tuple[int, int] | None = None,
    patch_size: int | None = None,
    suggest_timeout: float = 60.0,
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[SpectroscopySummary]:
    """Measure spectra where an agent, that learns from them and from the survey image, wants them.

    One run: a survey image (stream ``survey``); for each point the agent's suggestion (stream ``decisions``),
    then position, scalar, spectrum and electrons so far (stream ``primary``); at the end the maps the agent
    predicts (stream ``prediction``) and why it ended (last event of ``decisions``). It can be paused, resumed
    and aborted at any time; the beam is off the specimen but for the exposures.

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
    survey_shape
        ``(ny, nx)`` pixels of the survey image; by default as the scanner is set.
    field_of_view
        Its extent along x [nm]; by default as the scanner is set.
    survey_dwell_time
        Of one of its pixels [s]; by default as the scanner is set.
    candidate_grid
        ``(gy, gx)`` positions that may be measured, evenly over the field of view; by default every pixel.
    patch_size
        Side of the image patch around a candidate [px]; see `stemline.analysis.featurise.candidates`.
    suggest_timeout
        Longest wait for an answer of the agent [s]; the run fails after that.
    md
        Metadata for the start document; what describes the agent (seed, options) belongs here.

    Returns
    -------
    SpectroscopySummary
        How it went; in ``RunEngineResult.plan_result`` with ``call_returns_result=True``.

    Raises
    ------
    ValueError
        If an argument, the energy axis (before the beam is used) or the survey image will not do.
    RuntimeError, TimeoutError
        If a device or the agent failed or did not answer: the run is closed as failed, with that reason.
    """
    frame = Frame(survey_shape, field_of_view, survey_dwell_time)
    request = Request(num_points, dwell_time, frame, candidate_grid, patch_size, suggest_timeout)
    args = {**request.arguments(), "suggest_timeout": suggest_timeout}
    start = {"plan_name": "adaptive_spectroscopy", "plan_args": args, **(md or {})}
    return (yield from run_spectroscopy(microscope, records, scalarise, make_proposer, request, start))
