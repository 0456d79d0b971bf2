import numpy as np

from stemline.agents.stopping import (
    Budget,
    Exhausted,
    PredictabilityGoal,
    Progress,
    UncertaintyGoal,
    first_reason,
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
