"""What the plans that measure point by point share: validate, metadata, stage, one run, survey, loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from bluesky.utils import MsgGenerator

from stemline.analysis.featurise import Candidates, candidates

from .background import in_background, with_proposer
from .decide import declare_decisions
from .failures import blank_on_failure, true_reason
from .fixed import fix
from .measure_point import declare_points
from .measurement import Measure, Measurement
from .messages import put, value_of
from .one_run import one_run
from .point_loop import Outcome, point_loop
from .protocols import BackgroundProposer, Microscope, Records
from .request import Request
from .staged import staged
from .start_document import HINTS, plain
from .steering import Steering
from .summary import ExperimentSummary
from .survey import Frame, frame_metadata, of_the_frame, set_frame, take_survey

MakeProposer = Callable[[Candidates], BackgroundProposer]
"""Builds the agent once the candidates are known; called in a thread, where it may start a process."""

PREPARE_TIMEOUT = 120.0  # [s] for cutting patches and starting an agent: torch alone takes 12 s to import


def run_points(
    microscope: Microscope,
    records: Records,
    measure: Measure,
    make_proposer: MakeProposer,
    request: Request,
    md: Mapping[str, Any],
    *,
    overlap: bool = False,
    steering: Steering | None = None,
) -> MsgGenerator[ExperimentSummary]:
    """Run the experiment that `request` describes, in one run.

    Parameters
    ----------
    overlap, steering
        See `point_loop`.

    Raises
    ------
    ValueError
        If the request, the axes of the measurement (before the beam is used) or the survey image will not do.
    RuntimeError, TimeoutError
        If a device or the agent failed or did not answer, or another client has changed a setting: the run is
        closed as failed, with that reason.
    """
    beam = microscope.beam
    frame, measurement = yield from true_reason(_prepare(microscope, measure, request))
    detector = measurement.detector
    fixed = yield from true_reason(fix(*of_the_frame(microscope)))
    scanner = microscope.scanner
    fixed_for_points = yield from true_reason(
        fix(scanner.field_of_view, scanner.rotation, detector.acquire_time)
    )
    electrons_before = float((yield from value_of(beam.electrons)))
    gy, gx = _candidate_grid(request, frame)
    start = {
        "detectors": ["haadf", detector.name],
        "motors": ["scanner_y", "scanner_x"],
        "num_points": min(request.num_points or gy * gx, gy * gx),
        "dwell_time": request.dwell_time,
        "survey": frame_metadata(frame),
        "candidates": {"grid": [gy, gx], "patch_size": request.patch_size},
        "scalariser": plain(measure.parameters()),
        "electrons_before": electrons_before if math.isfinite(electrons_before) else None,
        "hints": HINTS,
        **plain(md),
    }

    def run() -> MsgGenerator[Outcome]:
        yield from declare_decisions(records)
        yield from declare_points(microscope, records, detector)
        image = yield from staged(take_survey(microscope, frame, fixed), microscope.haadf)
        chosen = yield from in_background(
            lambda: candidates(image, frame.pixel_size, request.candidate_grid, request.patch_size),
            timeout=PREPARE_TIMEOUT,
            doing="cutting patches from the survey image",
        )

        def loop(proposer: BackgroundProposer) -> MsgGenerator[Outcome]:
            return point_loop(
                microscope,
                records,
                measurement,
                chosen.grid,
                proposer,
                fixed=fixed_for_points,
                num_points=request.num_points or len(chosen.positions),
                suggest_timeout=request.suggest_timeout,
                overlap=overlap,
                steering=steering,
            )

        with nullcontext() if steering is None else steering.listening():
            outcome = yield from with_proposer(lambda: make_proposer(chosen), loop, timeout=PREPARE_TIMEOUT)
        yield from fixed_for_points.check()  # of the last exposure nothing else would tell
        return outcome

    # The detector that exposes is unstaged first: another one's file is closed only after the exposure.
    inner = staged(run(), detector)
    uid, outcome = yield from one_run(true_reason(blank_on_failure(inner, microscope)), start)
    electrons = float((yield from value_of(beam.electrons))) - electrons_before
    return _summary(uid, outcome, electrons)


def _prepare(
    microscope: Microscope, measure: Measure, request: Request
) -> MsgGenerator[tuple[Frame, Measurement]]:
    detector = measure.detector(microscope)
    frame = yield from set_frame(microscope, request.frame)
    yield from put((detector.acquire_time, request.dwell_time))
    measurement = yield from measure.prepare(microscope)
    return frame, measurement


def _candidate_grid(request: Request, frame: Frame) -> tuple[int, int]:
    """Shape of the candidates, refused before the beam is used if the survey will not have them."""
    ny, nx = frame.shape or (0, 0)
    gy, gx = request.candidate_grid or (ny, nx)
    if gy < 1 or gx < 1 or ny % gy or nx % gx or ny // gy != nx // gx:
        raise ValueError(
            f"candidates {gy} x {gx} do not fit a survey of {ny} x {nx} pixels: "
            "give a grid that divides it by the same whole number along y and x"
        )
    if gy * gx < 2:
        raise ValueError("a survey with one candidate leaves nothing to choose: give it more pixels")
    return gy, gx


def _summary(uid: str, outcome: Outcome, electrons: float) -> ExperimentSummary:
    value, position = outcome.best or (None, None)
    return ExperimentSummary(
        uid, outcome.num_points, outcome.num_flagged, value, position, electrons, outcome.reason
    )
