"""What the session's YAML says, and what a caller asks for instead, reaches the plan and the agent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stemline.config import AgentConfig, ExperimentConfig, SessionConfig, SurveyConfig
from stemline.experiments import Experiments

CONFIG = SessionConfig(
    experiment=ExperimentConfig(
        num_points=7, dwell_time=0.5, survey=SurveyConfig(field_of_view=40.0), patch_size=9
    ),
    agent=AgentConfig(kind="random", seeding="space_filling", num_seed=3, seed=5, uncertainty_goal=0.3),
)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whatever a spectroscopy plan is called with."""
    found: dict[str, Any] = {}

    def plan(*args: Any, **kwargs: Any) -> Iterator[None]:
        found.update(kwargs, positional=args)
        yield

    for name in ("adaptive", "random", "grid"):
        monkeypatch.setattr(f"stemline.plans.{name}_spectroscopy.{name}_spectroscopy", plan)
    return found


def experiments(made: list[Any]) -> Experiments:
    nothing: Any = None
    return Experiments(CONFIG, nothing, nothing, lambda candidates, options: made.append(options))


def test_the_agent_is_told_all_of_its_section_and_the_budget(told: dict[str, Any]) -> None:
    made: list[Any] = []
    list(experiments(made).adaptive_spectroscopy(num_points=4, seed=0))
    told["make_proposer"]("candidates")
    assert made == [{**CONFIG.agent.options(), "seed": 0, "num_points": 4}]
    assert made[0]["kind"] == "random"
    assert told["md"]["agent"]["seeding"] == "space_filling"


@pytest.mark.parametrize("name", ["adaptive", "random", "grid"])
def test_what_is_not_asked_for_comes_from_the_file(name: str, told: dict[str, Any]) -> None:
    list(getattr(experiments([]), f"{name}_spectroscopy")())
    assert told["dwell_time"] == 0.5
    assert told["field_of_view"] == 40.0
    assert told["patch_size"] == 9
    list(getattr(experiments([]), f"{name}_spectroscopy")(dwell_time=0.0))
    assert told["dwell_time"] == 0.0  # for the plan to refuse
