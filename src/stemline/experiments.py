"""The experiments of a session: plans with the microscope, the scalariser and the agent already chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, cast

from bluesky.utils import MsgGenerator

from stemline.analysis.featurise import Candidates
from stemline.config import Acquisition, SessionConfig
from stemline.plans import adaptive_spectroscopy as adaptive
from stemline.plans import fly_4dstem as patterns
from stemline.plans import grid_spectroscopy as grid
from stemline.plans import random_spectroscopy as random
from stemline.plans import survey as overview
from stemline.plans.protocols import BackgroundProposer, Microscope, Records
from stemline.plans.request import SurveyOptions
from stemline.plans.summary import SpectroscopySummary

T = TypeVar("T")
MakeAgent = Callable[[Candidates, Mapping[str, Any]], BackgroundProposer]


class _Common(SurveyOptions):
    """What every spectroscopy plan is told."""

    dwell_time: float


class Experiments:
    """Plans that need nothing but numbers; what is None comes from the session's configuration.

    Parameters
    ----------
    config
        Of the session.
    microscope
        What the plans move and read.
    records
        What the plans work out, as devices.
    make_agent
        Builds an agent from the candidates and its options.
    """

    def __init__(
        self, config: SessionConfig, microscope: Microscope, records: Records, make_agent: MakeAgent
    ) -> None:
        self._config = config
        self._microscope = microscope
        self._measuring = microscope, records, config.experiment.make_scalariser()
        self._make_agent = make_agent

    def adaptive_spectroscopy(
        self,
        num_points: int | None = None,
        dwell_time: float | None = None,
        acquisition: Acquisition | None = None,
        seed: int | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[SpectroscopySummary]:
        """Measure spectra where the agent wants them.

        Parameters
        ----------
        num_points : int
            Measurement budget, seed points included.
        dwell_time : float
            Exposure of one spectrum [s].
        acquisition : str
            What makes a position worth measuring.
        seed : int
            Of everything random in the agent.
        md : dict
            Metadata for the start document.
        """
        agent = self._config.agent
        asked = {"acquisition": acquisition or agent.acquisition, "seed": _given(seed, agent.seed)}
        options = {**agent.options(), **asked}
        points = _given(num_points, self._config.experiment.num_points)
        return (
            yield from adaptive.adaptive_spectroscopy(
                *self._measuring,
                lambda candidates: self._make_agent(candidates, {**options, "num_points": points}),
                num_points=points,
                suggest_timeout=agent.suggest_timeout,
                md={"agent": options, **(md or {})},
                **self._common(dwell_time),
            )
        )

    def random_spectroscopy(
        self,
        num_points: int | None = None,
        dwell_time: float | None = None,
        seed: int | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[SpectroscopySummary]:
        """Measure spectra at positions drawn blindly: the baseline.

        Parameters
        ----------
        num_points : int
            Spectra to measure.
        dwell_time : float
            Exposure of one spectrum [s].
        seed : int
            Of the positions.
        md : dict
            Metadata for the start document.
        """
        return (
            yield from random.random_spectroscopy(
                *self._measuring,
                seed=_given(seed, self._config.agent.seed),
                num_points=_given(num_points, self._config.experiment.num_points),
                md=md,
                **self._common(dwell_time),
            )
        )

    def grid_spectroscopy(
        self,
        dwell_time: float | None = None,
        order: Literal["raster", "snake"] = "snake",
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[SpectroscopySummary]:
        """Measure a spectrum at every candidate, line by line: the exhaustive peer.

        Parameters
        ----------
        dwell_time : float
            Exposure of one spectrum [s].
        order : str
            "raster" or "snake".
        md : dict
            Metadata for the start document.
        """
        return (
            yield from grid.grid_spectroscopy(
                *self._measuring, order=order, md=md, **self._common(dwell_time)
            )
        )

    def survey(
        self,
        shape: tuple[int, int] | None = None,
        field_of_view: float | None = None,
        dwell_time: float | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[str]:
        """Take one overview image.

        Parameters
        ----------
        shape : tuple
            Pixels (ny, nx).
        field_of_view : float
            Extent along x [nm].
        dwell_time : float
            Of one pixel [s].
        md : dict
            Metadata for the start document.
        """
        frame = self._config.experiment.survey
        return (
            yield from overview.survey(
                self._microscope,
                shape=_given(shape, frame.shape),
                field_of_view=_given(field_of_view, frame.field_of_view),
                dwell_time=_given(dwell_time, frame.dwell_time),
                md=md,
            )
        )

    def fly_4dstem(
        self,
        shape: tuple[int, int] | None = None,
        field_of_view: float | None = None,
        dwell_time: float | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[str]:
        """Scan once, with a diffraction pattern at every pixel.

        Parameters
        ----------
        shape : tuple
            Pixels (ny, nx).
        field_of_view : float
            Extent along x [nm].
        dwell_time : float
            Of one pixel, and the exposure of its pattern [s].
        md : dict
            Metadata for the start document.
        """
        frame = self._config.experiment.survey
        return (
            yield from patterns.fly_4dstem(
                cast("patterns.Microscope4D", self._microscope),
                shape=_given(shape, frame.shape),
                field_of_view=_given(field_of_view, frame.field_of_view),
                dwell_time=dwell_time,
                md=md,
            )
        )

    def _common(self, dwell_time: float | None) -> _Common:
        experiment = self._config.experiment
        return {
            "dwell_time": _given(dwell_time, experiment.dwell_time),
            "survey_shape": experiment.survey.shape,
            "field_of_view": experiment.survey.field_of_view,
            "survey_dwell_time": experiment.survey.dwell_time,
            "candidate_grid": experiment.grid,
            "patch_size": experiment.patch_size,
        }


def _given(asked: T | None, default: T) -> T:
    # Not `or`: a 0 that somebody asked for must reach the plan, which refuses it.
    return default if asked is None else asked
