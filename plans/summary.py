"""What a plan that measures point by point returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExperimentSummary:
    """A run in a few words; everything else is in the catalog under `uid`.

    Attributes
    ----------
    num_points
        Measured, of which `num_flagged` gave no value.
    best_value, best_position
        The best scalar as the agent sees it (it may seek the least), and its (y, x) [nm]; None without one.
    electrons
        Which the specimen received, the survey included; NaN where the beam current is not known.
    reason
        Why the run ended.
    """

    uid: str
    num_points: int
    num_flagged: int
    best_value: float | None
    best_position: tuple[float, float] | None
    electrons: float
    reason: str
