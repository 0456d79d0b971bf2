import numpy as np

from stemline.agents.options import Options
from stemline.agents.stopping import (
    Budget,
    ElectronBudget,
    Exhausted,
    PredictabilityGoal,
    Progress,
    RegretGoal,
    UncertaintyGoal,
    first_reason,
    regret_bound,
    rules,
)


def foreseen(surprises, expected, noise=0.0, spread=2.0) -> Progress:
    n = len(surprises)
    return Progress(
        measured=n,
        free=9,
        spread=spread,
        surprises=np.asarray(surprises, dtype=float),
        expected=np.broadcast_to(expected, n).astype(float),
        noise=np.broadcast_to(noise, n).astype(float),
    )


def test_budget() -> None:
    assert Budget(5)(Progress(4, 9)) is None
    assert "budget of 5 points" in str(Budget(5)(Progress(5, 9)))


def test_exhausted() -> None:
    assert Exhausted()(Progress(4, 1)) is None
    assert "all candidates" in str(Exhausted()(Progress(4, 0)))


def test_uncertainty_goal_is_a_share_of_the_spread() -> None:
    rule = UncertaintyGoal(0.5)
    assert rule(Progress(4, 2)) is None
    assert rule(Progress(4, 2, uncertainty=0.6, spread=1.0)) is None
    assert "0.3 of the map's spread" in str(rule(Progress(4, 2, uncertainty=0.6, spread=2.0)))


def test_where_nothing_varies_no_goal_is_reached() -> None:
    assert UncertaintyGoal(0.5)(Progress(4, 2, uncertainty=0.0, spread=0.0)) is None
    assert PredictabilityGoal(0.5)(foreseen([0.1] * 10, 0.1, spread=0.0)) is None


def test_predictability_waits_for_enough_predictions() -> None:
    rule = PredictabilityGoal(0.5, window=10)
    assert rule(foreseen([0.1] * 9, 0.1)) is None
    assert rule(foreseen([0.1] * 10, 0.1)) is not None


def test_predictability_forgets_old_errors() -> None:
    assert PredictabilityGoal(0.5, window=5)(foreseen([50.0] * 10 + [0.5] * 5, 0.5)) is not None


def test_predictability_needs_small_errors() -> None:
    assert PredictabilityGoal(0.5)(foreseen([2.0] * 10, 2.0)) is None


def test_predictability_needs_errors_as_small_as_expected() -> None:
    assert PredictabilityGoal(0.5)(foreseen([0.5] * 10, 0.1)) is None


def test_predictability_does_not_ask_for_less_than_the_counting_noise() -> None:
    rng = np.random.default_rng(0)
    noisy = foreseen(rng.normal(0, 3.0, 10_000), 3.0, noise=3.0)
    assert PredictabilityGoal(0.5, window=10_000)(noisy) is not None


def test_the_first_rule_with_a_reason_speaks() -> None:
    rules = [Budget(9), Exhausted(), Budget(3)]
    assert first_reason(rules, Progress(4, 1)) == Budget(3)(Progress(4, 1))
    assert first_reason(rules, Progress(1, 1)) is None


def test_electron_budget_leaves_room_for_what_is_underway() -> None:
    rule = ElectronBudget(100.0)
    assert rule(Progress(8, 9, electrons=80.0, next_electrons=10.0, underway=1)) is None
    assert "80 of" in str(rule(Progress(8, 9, electrons=80.0, next_electrons=10.0, underway=2)))
    assert rule(Progress(8, 9)) is None, "without a reading nothing is known to be spent"


def test_regret_bound_is_what_an_optimist_may_still_find() -> None:
    mean, sigma = np.array([1.0, 3.0, 2.0]), np.array([0.5, 0.1, 1.0])
    assert regret_bound(mean, sigma, [0, 1]) == (2.0 + 2 * 1.0) - (3.0 - 2 * 0.1)
    assert regret_bound(mean, np.zeros(3), [1]) == 0.0


def test_regret_goal_is_a_share_of_the_spread() -> None:
    rule = RegretGoal(0.5)
    assert rule(Progress(4, 2)) is None
    assert rule(Progress(4, 2, regret=0.6, spread=1.0)) is None
    assert "0.3 of the map's spread" in str(rule(Progress(4, 2, regret=0.6, spread=2.0)))


def test_all_rules_are_asked_in_one_order() -> None:
    options = Options(
        electron_budget=1.0, uncertainty_goal=0.1, regret_goal=0.1, predictability_goal=0.1, num_points=7
    )
    names = [type(rule).__name__ for rule in rules(options)]
    assert names == [
        "Budget", "Exhausted", "ElectronBudget", "UncertaintyGoal", "RegretGoal", "PredictabilityGoal"
    ]  # fmt: skip
    assert len(rules(Options())) == 2
