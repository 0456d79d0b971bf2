"""What an agent can be told, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from .acquisition import ACQUISITIONS

SEEDINGS = ("uniform", "space_filling")
KINDS = ("dkl", "random")


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
    seed
        Of everything random.
    uncertainty_goal, predictability_goal
        See `UncertaintyGoal` and `PredictabilityGoal`; None: no such goal.

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
    seed: int = 0
    uncertainty_goal: float | None = None
    predictability_goal: float | None = None

    def __post_init__(self) -> None:
        for name, known in (("kind", KINDS), ("seeding", SEEDINGS), ("acquisition", tuple(ACQUISITIONS))):
            if getattr(self, name) not in known:
                raise ValueError(f"agent: {name} {getattr(self, name)!r} is unknown: use {', '.join(known)}")
        for name, least in (("num_points", 1), ("num_seed", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"agent: {name} is {value!r}: give a whole number, {least} or more")
        for name in ("uncertainty_goal", "predictability_goal"):
            goal = getattr(self, name)
            if goal is not None and not (math.isfinite(goal) and goal > 0):
                raise ValueError(f"agent: {name} is {goal!r}: give a positive number, or leave it out")

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

    def as_dict(self) -> dict[str, Any]:
        """All options by name, fit for JSON."""
        return asdict(self)
