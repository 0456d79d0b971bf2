from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stemline.consumers.run_summary import Points, Prediction, RunSummary, Survey


def summary(num_points: int = 40, *, plan_name: str = "adaptive_spectroscopy", seed: int = 0) -> RunSummary:
    """A run on a field of 80 x 60 nm with a ring that the scalar follows."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-30:30:96j, -40:40:128j]
    ring = np.exp(-((np.hypot(y, x) - 15) ** 2) / 18)
    py, px = rng.uniform(-30, 30, num_points), rng.uniform(-40, 40, num_points)
    value = np.exp(-((np.hypot(py, px) - 15) ** 2) / 18) + 0.02 * rng.normal(size=num_points)
    flags = np.zeros(num_points, dtype=np.int64)
    if num_points > 5:
        value[3], flags[5], value[5] = np.nan, 2, 50.0
    return RunSummary(
        uid="0123456789",
        scan_id=7,
        plan_name=plan_name,
        start={"time": 1000.0, "num_points": num_points},
        scalar="integrated_intensity",
        unit="",
        survey=Survey(rng.poisson(200 + 2000 * (np.hypot(y, x) < 15)).astype("<u2"), 80.0),
        points=Points(
            y=py,
            x=px,
            value=value,
            sigma=np.full(num_points, 0.02),
            flags=flags,
            electrons=1e6 * np.arange(1, num_points + 1),
            time=1000.0 + 0.25 * np.arange(1, num_points + 1),
        ),
        decisions={
            "decision_strategy": np.array(
                ["seed" if i < 10 else "expected_improvement" for i in range(num_points)] + ["stop"]
            )
        },
        prediction=Prediction(ring, 0.3 - 0.2 * ring),
        status="success",
        reason="measured the 40 points asked for",
    )


@pytest.fixture
def make_summary() -> Callable[..., RunSummary]:
    return summary
