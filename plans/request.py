"""What a spectroscopy plan is asked for, checked before anything moves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypedDict

from .survey import Frame


class SurveyOptions(TypedDict, total=False):
    """What the spectroscopy plans have in common: the survey image, and the candidates that are cut from it.

    Attributes
    ----------
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
    """

    survey_shape: tuple[int, int] | None
    field_of_view: float | None
    survey_dwell_time: float | None
    candidate_grid: tuple[int, int] | None
    patch_size: int | None


@dataclass(frozen=True)
class Request:
    """The arguments of a spectroscopy plan.

    Attributes
    ----------
    num_points
        Most points to measure; None for every candidate.
    dwell_time
        Exposure of one spectrum [s].
    survey
        The survey image and its candidates.
    suggest_timeout
        Longest wait for an answer of the agent [s].
    """

    num_points: int | None
    dwell_time: float
    survey: SurveyOptions
    suggest_timeout: float = 10.0  # plenty for an order that is known beforehand

    def __post_init__(self) -> None:
        if unknown := self.survey.keys() - SurveyOptions.__annotations__.keys():
            raise TypeError(
                f"{', '.join(sorted(unknown))}: unknown; there are {', '.join(SurveyOptions.__annotations__)}"
            )
        if self.num_points is not None and self.num_points < 1:
            raise ValueError(f"num_points is {self.num_points}: at least 1 is needed")
        for name in ("dwell_time", "suggest_timeout"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value:g} s: it has to be above 0")
        _ = self.frame  # refuses what no frame can be

    @property
    def frame(self) -> Frame:
        """The raster of the survey image, as far as it is asked for."""
        survey = self.survey
        return Frame(survey.get("survey_shape"), survey.get("field_of_view"), survey.get("survey_dwell_time"))

    @property
    def candidate_grid(self) -> tuple[int, int] | None:
        """``(gy, gx)``, if asked for."""
        return self.survey.get("candidate_grid")

    @property
    def patch_size(self) -> int | None:
        """Side of an image patch [px], if asked for."""
        return self.survey.get("patch_size")

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the plan, by the names the plans have for them."""
        survey = {name: self.survey.get(name) for name in SurveyOptions.__annotations__}
        return {"num_points": self.num_points, "dwell_time": self.dwell_time, **survey}
