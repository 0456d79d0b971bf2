"""What all spectroscopy plans share: validate, metadata, stage, one run, survey, loop, summary."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from bluesky.utils import MsgGenerator
from numpy.typing import NDArray

from stemline.analysis.featurise import Candidates, candidates

from .background import in_background, with_proposer
from .decide import declare_decisions
from .failures import blank_on_failure, true_reason
from .measure_point import declare_points
from .messages import put, value_of
from .one_run import one_run
from .protocols import BackgroundProposer, Eels, Microscope, Records, Scalariser
from .spectroscopy_loop import Outcome, spectroscopy_loop
from .staged import staged
from .start_document import HINTS, plain
from .summary import SpectroscopySummary
from .survey import Frame, frame_metadata, set_frame, take_survey

MakeProposer = Callable[[Candidates], BackgroundProposer]
"""Builds the agent once the candidates are known; called in a thread, where it may start a process."""

PREPARE_TIMEOUT = 120.0  # [s] for cutting patches and starting an agent: torch alone takes 12 s to import


@dataclass(frozen=True)
class Request:
    """What is to be measured; checked before anything moves.

    Attributes
    ----------
    num_points
        Most points to measure; None for every candidate.
    dwell_time
        Exposure of one spectrum [s].
    frame
        Of the survey image.
    candidate_grid, patch_size
        See `stemline.analysis.featurise.candidates`.
    suggest_timeout
        Longest wait for an answer of the agent [s].
    """

    num_points: int | None
    dwell_time: float
    frame: Frame
    candidate_grid: tuple[int, int] | None
    patch_size: int | None
    suggest_timeout: float

    def __post_init__(self) -> None:
        if self.num_points is not None and self.num_points < 1:
            raise ValueError(f"num_points is {self.num_points}: at least 1 is needed")
        for name in ("dwell_time", "suggest_timeout"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value:g} s: it has to be above 0")

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the plan, by the names the plans have for them."""
        return {
            "num_points": self.num_points,
            "dwell_time": self.dwell_time,
            "survey_shape": self.frame.shape,
            "field_of_view": self.frame.field_of_view,
            "survey_dwell_time": self.frame.dwell_time,
            "candidate_grid": self.candidate_grid,
            "patch_size": self.patch_size,
        }


def run_spectroscopy(
    microscope: Microscope,
    records: Records,
    scalarise: Scalariser,
    make_proposer: MakeProposer,
    request: Request,
    md: Mapping[str, Any],
) -> MsgGenerator[SpectroscopySummary]:
    """Run the experiment that `request` describes, in one run.

    Raises
    ------
    ValueError
        If the request, the energy axis (before the beam is used) or the survey image will not do.
    RuntimeError, TimeoutError
        If a device or the agent failed or did not answer: the run is closed as failed, with that reason.
    """
    eels, beam = microscope.eels, microscope.beam
    frame, energy = yield from true_reason(_prepare(microscope, request))
    scalarise.check_axis(energy)
    electrons_before = float((yield from value_of(beam.electrons)))
    gy, gx = _candidate_grid(request, frame)
    start = {
        "detectors": ["haadf", "eels"],
        "motors": ["scanner_y", "scanner_x"],
        "num_points": min(request.num_points or gy * gx, gy * gx),
        "dwell_time": request.dwell_time,
        "survey": frame_metadata(frame),
        "candidates": {"grid": [gy, gx], "patch_size": request.patch_size},
        "scalariser": plain(scalarise.parameters()),
        "electrons_before": electrons_before if math.isfinite(electrons_before) else None,
        "hints": HINTS,
        **plain(md),
    }

    def run() -> MsgGenerator[Outcome]:
        yield from declare_decisions(records)
        yield from declare_points(microscope, records)
        image = yield from staged(take_survey(microscope, frame), microscope.haadf)
        chosen = yield from in_background(
            lambda: candidates(image, frame.pixel_size, request.candidate_grid, request.patch_size),
            timeout=PREPARE_TIMEOUT,
            doing="cutting patches from the survey image",
        )

        def loop(proposer: BackgroundProposer) -> MsgGenerator[Outcome]:
            return spectroscopy_loop(
                microscope,
                records,
                scalarise,
                energy,
                chosen.grid,
                proposer,
                num_points=request.num_points or len(chosen.positions),
                suggest_timeout=request.suggest_timeout,
            )

        return (yield from with_proposer(lambda: make_proposer(chosen), loop, timeout=PREPARE_TIMEOUT))

    # The detector that exposes is unstaged first: another one's file is closed only after the exposure.
    inner = staged(run(), eels)
    uid, outcome = yield from one_run(true_reason(blank_on_failure(inner, microscope)), start)
    electrons = float((yield from value_of(beam.electrons))) - electrons_before
    return _summary(uid, outcome, electrons)


def _prepare(microscope: Microscope, request: Request) -> MsgGenerator[tuple[Frame, NDArray[np.float64]]]:
    frame = yield from set_frame(microscope, request.frame)
    yield from put((microscope.eels.acquire_time, request.dwell_time))
    energy = yield from energy_axis(microscope.eels)
    return frame, energy


def energy_axis(eels: Eels) -> MsgGenerator[NDArray[np.float64]]:
    """Read the energies of the spectrometer's channels ``(energy,)`` [eV]."""
    size = yield from value_of(eels.array_size_x)
    offset = yield from value_of(eels.energy_offset)
    dispersion = yield from value_of(eels.energy_dispersion)
    return float(offset) + float(dispersion) * np.arange(int(size), dtype=np.float64)


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


def _summary(uid: str, outcome: Outcome, electrons: float) -> SpectroscopySummary:
    value, position = outcome.best or (None, None)
    return SpectroscopySummary(
        uid, outcome.num_points, outcome.num_flagged, value, position, electrons, outcome.reason
    )
