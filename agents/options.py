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
    critical_dose
        Leaves 1/e of the specimen as it was [e-/Å²]: what is damaged is worth less; None: no matter.
    beam_spread
        How far the damage of a point reaches, one standard deviation [nm].
    overlap
        Train after a suggestion rather than before one; suggestions come from the last finished model.
    deadline
        Longest that a suggestion waits for training [s]; the last model answers where that would not do.
        None: as long as it takes, so that the same answers give the same suggestions.
    seed
        Of everything random.
    electron_budget
        Electrons that all points together may cost; None: the IOC's budget alone.
    uncertainty_goal, regret_goal, predictability_goal
        Shares of the map's spread, see `UncertaintyGoal`, `RegretGoal`, `PredictabilityGoal`; None: no goal.

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
    critical_dose: float | None = None
    beam_spread: float = 0.5
    overlap: bool = False
    deadline: float | None = None
    seed: int = 0
    electron_budget: float | None = None
    uncertainty_goal: float | None = None
    regret_goal: float | None = None
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
        for name in ("uncertainty_goal", "regret_goal", "predictability_goal"):
            goal = getattr(self, name)
            if goal is not None and not 0 < goal < 1:
                raise ValueError(f"agent: {name} is {goal!r}: give a number between 0 and 1, or leave it out")

        for name, least in (("spacing", 0), ("travel_time", 0), ("point_time", 0), ("deadline", 0)):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= least):
                raise ValueError(f"agent: {name} is {value!r}: give a number, {least} or more")
        for name in ("critical_dose", "electron_budget", "beam_spread"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"agent: {name} is {value!r}: give a number above 0")
        for name in ("travel_time", "critical_dose"):
            if getattr(self, name) and self.acquisition not in POSITIVE:
                raise ValueError(
                    f"agent: {name} can't be weighed against {self.acquisition}, which may be negative: "
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
        """Whether it looks at its maps to know whether to stop."""
        goals = self.uncertainty_goal, self.regret_goal, self.predictability_goal
        return any(goal is not None for goal in goals)

    def as_dict(self) -> dict[str, Any]:
        """All options by name, fit for JSON."""
        return asdict(self)
