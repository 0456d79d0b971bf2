"""The experiments of a session: plans with the microscope, the scalariser and the agent already chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict, TypeVar, cast

from bluesky.utils import MsgGenerator

from stemline.analysis.featurise import Candidates
from stemline.analysis.scalarise import PatternScalariser, Scalariser
from stemline.config import Acquisition, ConfigError, SessionConfig
from stemline.plans import (
    adaptive_diffraction,
    adaptive_spectroscopy,
    random_diffraction,
    random_spectroscopy,
)
from stemline.plans import fly_4dstem as patterns
from stemline.plans import grid_spectroscopy as grid
from stemline.plans import survey as overview
from stemline.plans.point_run import MakeProposer
from stemline.plans.protocols import BackgroundProposer, Microscope, Records
from stemline.plans.request import SurveyOptions
from stemline.plans.steering import Steering
from stemline.plans.summary import ExperimentSummary

T = TypeVar("T")
MakeAgent = Callable[[Candidates, Mapping[str, Any]], BackgroundProposer]


class _Common(SurveyOptions):
    """What every plan that measures point by point is told."""

    dwell_time: float


class _Agent(TypedDict):
    """What every adaptive plan is told."""

    make_proposer: MakeProposer
    num_points: int
    suggest_timeout: float
    overlap: bool
    steering: Steering
    md: dict[str, Any]


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

    Attributes
    ----------
    steering
        Where a person may pin and veto points while an adaptive run goes on.
    """

    def __init__(
        self, config: SessionConfig, microscope: Microscope, records: Records, make_agent: MakeAgent
    ) -> None:
        self._config = config
        self._microscope = microscope
        self._records = records
        self._scalarise = config.experiment.make_scalariser()
        self._make_agent = make_agent
        self.steering = Steering()

    def adaptive_spectroscopy(
        self,
        num_points: int | None = None,
        dwell_time: float | None = None,
        acquisition: Acquisition | None = None,
        seed: int | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[ExperimentSummary]:
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
        agent = self._agent(num_points, acquisition, seed, md)
        return (
            yield from adaptive_spectroscopy.adaptive_spectroscopy(
                self._microscope, self._records, self._of_spectra(), **agent, **self._common(dwell_time)
            )
        )

    def random_spectroscopy(
        self,
        num_points: int | None = None,
        dwell_time: float | None = None,
        seed: int | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[ExperimentSummary]:
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
            yield from random_spectroscopy.random_spectroscopy(
                self._microscope,
                self._records,
                self._of_spectra(),
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
    ) -> MsgGenerator[ExperimentSummary]:
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
                self._microscope,
                self._records,
                self._of_spectra(),
                order=order,
                md=md,
                **self._common(dwell_time),
            )
        )

    def adaptive_diffraction(
        self,
        num_points: int | None = None,
        dwell_time: float | None = None,
        acquisition: Acquisition | None = None,
        seed: int | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[ExperimentSummary]:
        """Measure diffraction patterns where the agent wants them.

        Parameters
        ----------
        num_points : int
            Measurement budget, seed points included.
        dwell_time : float
            Exposure of one pattern [s].
        acquisition : str
            What makes a position worth measuring.
        seed : int
            Of everything random in the agent.
        md : dict
            Metadata for the start document.
        """
        agent = self._agent(num_points, acquisition, seed, md)
        return (
            yield from adaptive_diffraction.adaptive_diffraction(
                self._microscope,
                self._records,
                self._of_patterns(),
                descan=self._config.experiment.make_descan(),
                **agent,
                **self._common(dwell_time),
            )
        )

    def random_diffraction(
        self,
        num_points: int | None = None,
        dwell_time: float | None = None,
        seed: int | None = None,
        md: dict[str, Any] | None = None,
    ) -> MsgGenerator[ExperimentSummary]:
        """Measure diffraction patterns at positions drawn blindly: the baseline.

        Parameters
        ----------
        num_points : int
            Patterns to measure.
        dwell_time : float
            Exposure of one pattern [s].
        seed : int
            Of the positions.
        md : dict
            Metadata for the start document.
        """
        return (
            yield from random_diffraction.random_diffraction(
                self._microscope,
                self._records,
                self._of_patterns(),
                descan=self._config.experiment.make_descan(),
                seed=_given(seed, self._config.agent.seed),
                num_points=_given(num_points, self._config.experiment.num_points),
                md=md,
                **self._common(dwell_time),
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

    def adaptive(self, num_points: int | None = None) -> MsgGenerator[ExperimentSummary]:
        """Run the experiment that the configured scalariser is for."""
        diffraction = isinstance(self._scalarise, PatternScalariser)
        return (self.adaptive_diffraction if diffraction else self.adaptive_spectroscopy)(num_points)

    def random(self, num_points: int | None = None) -> MsgGenerator[ExperimentSummary]:
        """Run its baseline."""
        diffraction = isinstance(self._scalarise, PatternScalariser)
        return (self.random_diffraction if diffraction else self.random_spectroscopy)(num_points)

    def _of_spectra(self) -> Scalariser:
        if isinstance(self._scalarise, PatternScalariser):
            raise ConfigError(
                f"experiment.scalariser: {self._scalarise.measure.kind} is of diffraction patterns: "
                "give one of spectra, or run adaptive_diffraction"
            )
        return self._scalarise

    def _of_patterns(self) -> PatternScalariser:
        if not isinstance(self._scalarise, PatternScalariser):
            raise ConfigError(
                f"experiment.scalariser: {self._scalarise.measure.kind} is of spectra: "
                "give one of diffraction patterns, or run adaptive_spectroscopy"
            )
        return self._scalarise

    def _agent(
        self,
        num_points: int | None,
        acquisition: Acquisition | None,
        seed: int | None,
        md: dict[str, Any] | None,
    ) -> _Agent:
        agent = self._config.agent
        asked = {"acquisition": acquisition or agent.acquisition, "seed": _given(seed, agent.seed)}
        options = {**agent.options(), **asked}
        points = _given(num_points, self._config.experiment.num_points)
        return {
            "make_proposer": lambda candidates: self._make_agent(
                candidates, {**options, "num_points": points}
            ),
            "num_points": points,
            "suggest_timeout": agent.suggest_timeout,
            "overlap": agent.overlap,
            "steering": self.steering,
            "md": {"agent": options, **(md or {})},
        }

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
