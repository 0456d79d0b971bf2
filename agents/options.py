"""What an agent can be told, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from .acquisition import ACQUISITIONS, POSITIVE

SEEDINGS = ("uniform", "space_filling")
KINDS = ("dkl", "random")
KERNELS = ("auto", "fixed", "deep")


@dataclass(frozen=True)
class Options:
    """Options of an agent.

    Attributes
    ----------
    kind
        "dkl", or "random": the baseline, which learns nothing.
    num_points
        Measurement budget, seed points included.
    num_seed
        Points measured before the model decides.
    seeding
        How they are drawn: "uniform" or "space_filling" (in the space of the features).
    acquisition
        One of `ACQUISITIONS`.
    kernel
        "fixed": on the features as they are; "deep": on an embedding learned with it; "auto": on whichever
        predicts what was left out better.
    spacing
        No candidate this close to a measured one is measured, for its damage [nm].
    travel_time
        What a nanometre to the next position takes [s/nm]; 0: distance does not matter.
    point_time
        What a point takes beside it: settling and dwell [s].
    deadline
        Longest that a suggestion may be trained for [s]; the last model answers where that would not do.
        None: as long as it takes, so that the same answers give the same suggestions.
    seed
        Of everything random.
    uncertainty_goal, predictability_goal
        Between 0 and 1, see `UncertaintyGoal` and `PredictabilityGoal`; None: no such goal.

    Raises
    ------
    ValueError
        In one line, if an option is impossible.
    """

    kind: str = "dkl"
    num_points: int = 60
    num_seed: int = 10
    seeding: str = "uniform"
    acquisition: str = "expected_improvement"
    kernel: str = "auto"
    spacing: float = 0.0
    travel_time: float = 0.0
    point_time: float = 1.0
    deadline: float | None = None
    seed: int = 0
    uncertainty_goal: float | None = None
    predictability_goal: float | None = None

    def __post_init__(self) -> None:
        for name, known in (
            ("kind", KINDS),
            ("seeding", SEEDINGS),
            ("acquisition", tuple(ACQUISITIONS)),
            ("kernel", KERNELS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"agent: {name} {getattr(self, name)!r} is unknown: use {', '.join(known)}")
        for name, least in (("num_points", 1), ("num_seed", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"agent: {name} is {value!r}: give a whole number, {least} or more")
        for name in ("uncertainty_goal", "predictability_goal"):
            goal = getattr(self, name)
            if goal is not None and not 0 < goal < 1:
                raise ValueError(f"agent: {name} is {goal!r}: give a number between 0 and 1, or leave it out")

        for name, least in (("spacing", 0), ("travel_time", 0), ("point_time", 0), ("deadline", 0)):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= least):
                raise ValueError(f"agent: {name} is {value!r}: give a number, {least} or more")
        if self.travel_time and self.acquisition not in POSITIVE:
            raise ValueError(
                f"agent: travel_time can't be weighed against {self.acquisition}, which may be negative: "
                f"use {', '.join(sorted(POSITIVE))}, or leave it out"
            )
        if self.travel_time and not self.point_time:
            raise ValueError("agent: point_time is 0: a point takes some time even without travel")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Options:
        """Check `options` by name.

        Raises
        ------
        ValueError
            In one line, if an option is unknown or impossible.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(options) - set(known))
        if unknown:
            raise ValueError(f"agent: option {unknown[0]!r} is unknown: use {', '.join(known)}")
        return cls(**options)

    @property
    def has_goal(self) -> bool:
        """Whether it may stop before the budget is spent."""
        return self.uncertainty_goal is not None or self.predictability_goal is not None

    def as_dict(self) -> dict[str, Any]:
        """All options by name, fit for JSON."""
        return asdict(self)
