import dataclasses
import json
import math
import threading

import numpy as np
import pytest

from stemline.agents.acquisition import ACQUISITIONS
from stemline.agents.dkl_agent import DKLAgent
from stemline.agents.options import Options
from stemline.agents.surrogate import Surrogate

SHAPE = (8, 10)
POSITIONS = np.stack(np.meshgrid(np.arange(8.0), np.arange(10.0), indexing="ij"), axis=-1).reshape(-1, 2)
FEATURES = np.random.default_rng(5).normal(size=(80, 6))
TRUTH = np.exp(-np.square(FEATURES[:, :2] - 0.6).sum(1))


def agent(**options) -> DKLAgent:
    return DKLAgent(FEATURES, POSITIONS, Options.of({"num_seed": 4, **options}))


def index_of(suggestion) -> int:
    return int(suggestion["scanner_y"]) * 10 + int(suggestion["scanner_x"])


def answer(suggestion, value=None, sigma=0.01):
    value = TRUTH[index_of(suggestion)] if value is None else value
    place = {key: suggestion[key] for key in ("_id", "scanner_y", "scanner_x")}
    return {**place, "value": float(value), "sigma": sigma}


def run(one: DKLAgent, steps: int) -> list[dict]:
    suggestions = []
    for _ in range(steps):
        (suggestion,) = one.suggest(1)
        suggestions.append(suggestion)
        one.ingest([answer(suggestion)])
    return suggestions


def test_seeds_then_decides() -> None:
    suggestions = run(agent(), 6)
    assert [s["_kind"] for s in suggestions] == ["seed"] * 4 + ["expected_improvement"] * 2
    assert [s["_model_version"] for s in suggestions] == [0, 0, 0, 0, 1, 2]
    assert [s["_id"] for s in suggestions] == list(range(6))
    assert all(s["_mean"] is s["_sigma"] is s["_acquisition"] is None for s in suggestions[:4])
    assert all(s["_sigma"] > 0 and s["_acquisition"] >= 0 for s in suggestions[4:])
    json.dumps(suggestions)


@pytest.mark.parametrize(
    ("acquisition", "seeding"),
    [
        ("expected_improvement", "uniform"),
        ("upper_confidence_bound", "space_filling"),
        ("maximum_uncertainty", "uniform"),
    ],
)
def test_the_same_seed_gives_the_same_bits_and_another_others(acquisition, seeding) -> None:
    options = {"acquisition": acquisition, "seeding": seeding, "seed": 3}
    first = run(agent(**options), 7)
    assert run(agent(**options), 7) == first
    assert run(agent(**{**options, "seed": 4}), 4) != first[:4]


def test_decides_for_large_values() -> None:
    decided = [index_of(suggestion) for suggestion in run(agent(seeding="space_filling"), 20)[4:]]
    assert TRUTH[decided].mean() > 2 * TRUTH.mean()
    assert TRUTH[decided].max() > 0.95 * TRUTH.max()


def test_no_candidate_twice_and_all_in_the_end() -> None:
    few = DKLAgent(FEATURES[:9], POSITIONS[:9], Options(num_seed=3, num_points=99))
    visited = [index_of(s) for s in run(few, 8)]
    assert not few.should_stop()[0]
    visited.append(index_of(run(few, 1)[0]))
    assert sorted(visited) == list(range(9))
    assert few.suggest(3) == []
    assert "all candidates" in str(few.should_stop()[1])


def test_the_order_of_answers_does_not_matter() -> None:
    one, other = agent(), agent()
    answers = [answer(s) for s in one.suggest(4)]
    other.suggest(4)
    one.ingest(answers)
    for point in reversed(answers):
        other.ingest([point])
    assert one.suggest(1) == other.suggest(1)


def test_several_at_once_are_spread() -> None:
    together = agent(acquisition="maximum_uncertainty")
    together.ingest([answer(s) for s in together.suggest(6)])
    batch = together.suggest(5)
    assert len({index_of(s) for s in batch}) == 5
    sigmas = [s["_acquisition"] for s in batch]
    assert sigmas == sorted(sigmas, reverse=True)
    independent = np.sort(together.predict()[1][together._visits.free])
    assert sigmas[-1] < independent[-1]


def test_suggests_while_answers_are_out() -> None:
    late = agent()
    assert len({index_of(s) for s in late.suggest(4) + late.suggest(1) + late.suggest(1)}) == 6


def test_no_value_is_not_learned_and_not_repeated() -> None:
    blind = agent()
    for _ in range(10):
        (suggestion,) = blind.suggest()
        assert suggestion["_kind"] == "seed"
        blind.ingest([answer(suggestion, math.nan)])
    assert len(blind._visits.free) == 70
    assert blind.get_best_points() == []
    assert all(np.isnan(one).all() and one.shape == (80,) for one in blind.predict())


def test_budget_counts_what_was_measured() -> None:
    one = agent(num_points=5)
    run(one, 4)
    assert not one.should_stop()[0]
    one.ingest([answer(one.suggest()[0], math.nan)])
    assert "budget of 5 points" in str(one.should_stop()[1])


def test_uncertainty_goal() -> None:
    sure, unsure = agent(uncertainty_goal=0.99), agent(uncertainty_goal=1e-9)
    for one in (sure, unsure):
        run(one, 6)
    assert "uncertainty" in str(sure.should_stop()[1])
    assert not unsure.should_stop()[0]


def test_goals_are_shares_of_the_maps_spread_whatever_the_unit() -> None:
    reasons = []
    for unit in (1.0, 1e4):
        one = agent(uncertainty_goal=0.8)
        while not one.should_stop()[0]:
            (suggestion,) = one.suggest(1)
            one.ingest([answer(suggestion, unit * TRUTH[index_of(suggestion)], sigma=0.01 * unit)])
        reasons.append((len(one._visits.points), str(one.should_stop()[1]).partition(", ")[2]))
    assert reasons[0] == reasons[1]
    assert "of the map's spread" in reasons[0][1]


def test_predictability_goal() -> None:
    dull = agent(predictability_goal=0.5, acquisition="maximum_uncertainty")
    while not dull.should_stop()[0]:
        (suggestion,) = dull.suggest(1)
        dull.ingest([answer(suggestion, FEATURES[index_of(suggestion), 0])])
    assert 14 <= len(dull._visits.points) < 40
    assert "one-step-ahead" in str(dull.should_stop()[1])


def test_a_fluke_is_not_the_best_point() -> None:
    one = agent(num_seed=30)
    suggestions = one.suggest(30)
    one.ingest([answer(s) for s in suggestions[:-1]])
    one.ingest([answer(suggestions[-1], 3.0, sigma=3.0)])
    ((number, movables, outcomes),) = one.get_best_points()
    assert number != suggestions[-1]["_id"]
    assert outcomes["value"] == max(TRUTH[index_of(s)] for s in suggestions[:-1])
    assert (movables["scanner_y"], movables["scanner_x"]) == tuple(POSITIONS[index_of(suggestions[number])])


@pytest.mark.parametrize("ingested", [True, False])
def test_a_checkpoint_goes_on_bit_for_bit(ingested) -> None:
    one = agent(seed=2)
    run(one, 7)
    (suggestion,) = one.suggest()
    if ingested:
        one.ingest([answer(suggestion)])
    again = DKLAgent.from_checkpoint(FEATURES, POSITIONS, json.loads(json.dumps(one.checkpoint())))
    assert again.should_stop() == one.should_stop()
    np.testing.assert_array_equal(again.predict(), one.predict())
    if not ingested:
        for each in (one, again):
            each.ingest([answer(suggestion)])
    assert run(again, 3) == run(one, 3)


def test_a_checkpoint_before_the_model() -> None:
    one = agent(seed=2)
    run(one, 2)
    again = DKLAgent.from_checkpoint(FEATURES, POSITIONS, json.loads(json.dumps(one.checkpoint())))
    assert run(again, 4) == run(one, 4)


def test_features_need_no_scaling_and_may_be_constant() -> None:
    scaled = np.hstack([FEATURES * 1e6 + 3e6, np.full((80, 1), 7.0)])
    plain = np.hstack([FEATURES, np.zeros((80, 1))])
    options = Options(num_seed=4)
    one, other = (DKLAgent(features, POSITIONS, options) for features in (plain, scaled))
    assert [index_of(s) for s in run(one, 8)] == [index_of(s) for s in run(other, 8)]


@pytest.mark.parametrize(
    ("features", "positions", "says"),
    [
        (np.empty((0, 3)), np.empty((0, 2)), "no candidate"),
        (np.zeros((4, 3)), POSITIONS[:5], "features of shape"),
        (np.zeros((5, 0)), POSITIONS[:5], "features of shape"),
        (np.array([[0.0, 1.0], [np.nan, 1.0]]), POSITIONS[:2], "feature 0 of candidate 1 is not finite"),
        (np.zeros((2, 2)), np.array([[0.0, np.inf], [0.0, 0.0]]), "position is not finite"),
    ],
)
def test_bad_candidates_are_refused_in_one_line(features, positions, says) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        DKLAgent(features, positions)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("acquisition", sorted(ACQUISITIONS))
def test_every_acquisition_function_chooses_and_repeats_itself(acquisition) -> None:
    first, again = (run(agent(acquisition=acquisition, seed=1), 8) for _ in range(2))
    assert first == again
    assert [s["_kind"] for s in first[4:]] == [acquisition] * 4
    json.dumps(first)


@pytest.fixture
def slow_fits(monkeypatch):
    """Give an event: fits begun while it is cleared end when it is set."""
    may_end = threading.Event()
    may_end.set()
    refitted = Surrogate.refitted

    def slowly(self, measured):
        assert may_end.wait(20)
        return refitted(self, measured)

    monkeypatch.setattr(Surrogate, "refitted", slowly)
    yield may_end
    may_end.set()


def test_a_deadline_is_kept_by_the_last_model_which_is_counted(slow_fits) -> None:
    one = agent(num_seed=6)
    run(one, 7)
    slow_fits.clear()
    late = run(agent_with_deadline(one, 0.02), 2)
    assert [(s["_fallback"], s["_trained_on"]) for s in late] == [("last model", 6)] * 2
    slow_fits.set()
    (after,) = agent_with_deadline(one, 60.0).suggest()
    assert (after["_fallback"], after["_fallbacks"], after["_trained_on"]) == (None, 2, 7)


def agent_with_deadline(one: DKLAgent, deadline: float) -> DKLAgent:
    """The same agent, in more of a hurry; the fit that is under way gets its time later."""
    one._options = dataclasses.replace(one._options, deadline=deadline)
    return one


def test_without_a_model_in_time_it_fills_space(slow_fits) -> None:
    one = agent(deadline=0.02)
    run(one, 4)
    slow_fits.clear()
    (suggestion,) = one.suggest()
    assert (suggestion["_kind"], suggestion["_fallback"]) == ("seed", "space filling")


def run_ahead(one: DKLAgent, steps: int) -> list[dict]:
    """Ask for each suggestion before the last one is answered, as a plan that measures meanwhile does."""
    suggestions = one.suggest(1)
    for _ in range(steps - 1):
        suggestions += one.suggest(1)
        one.ingest([answer(suggestions[-2])])
    return suggestions


def test_with_overlap_nothing_waits_for_a_fit(slow_fits) -> None:
    one = agent(overlap=True, num_seed=6)
    run_ahead(one, 8)
    assert one._training is None or one._training.is_done(20)
    slow_fits.clear()
    while one._training is None or one._training.is_done(0.0):
        run(one, 1)
    version = one.checkpoint()["model_version"]
    (meanwhile,) = one.suggest()
    assert (meanwhile["_model_version"], meanwhile["_fallback"]) == (version, None)
    slow_fits.set()
    assert one.suggest()[0]["_model_version"] == version + 1


def test_with_overlap_the_same_calls_give_the_same_bits_however_long_fits_take(slow_fits) -> None:
    options = {"overlap": True, "seed": 3, "num_seed": 6}
    first = run_ahead(agent(**options), 20)
    slow_fits.clear()
    timer = threading.Timer(0.05, slow_fits.set)
    timer.start()
    assert run_ahead(agent(**options), 20) == first
    assert {s["_kind"] for s in first[6:]} == {"expected_improvement"}
    assert all(s["_pending"] == str(s["_id"] - 1) for s in first[1:])
    timer.join()


def test_a_checkpoint_while_it_trains_goes_on_bit_for_bit(slow_fits) -> None:
    one = agent(overlap=True, seed=2)
    run_ahead(one, 9)
    slow_fits.clear()
    one.suggest()
    kept = json.loads(json.dumps(one.checkpoint()))
    assert kept["training"]["points"]
    slow_fits.set()
    again = DKLAgent.from_checkpoint(FEATURES, POSITIONS, kept)
    assert run_ahead(again, 5) == run_ahead(one, 5)


def test_asking_whether_to_stop_changes_no_suggestion() -> None:
    options = {"overlap": True, "seed": 1, "uncertainty_goal": 1e-6}
    silent, asked = agent(**options), agent(**options)
    for _ in range(15):
        (one,), (other,) = silent.suggest(), asked.suggest()
        assert one == other
        silent.ingest([answer(one)])
        asked.ingest([answer(one)])
        assert not asked.should_stop()[0]
        if one["_model_version"]:
            asked.predict()


def test_says_on_what_grounds() -> None:
    one = agent()
    assert run(one, 4) is not None
    assert one.considered() == {}
    (suggestion,) = one.suggest()
    maps, index = one.considered(), index_of(suggestion)
    assert (maps["mean"][index], maps["sigma"][index]) == (suggestion["_mean"], suggestion["_sigma"])
    assert np.nanargmax(maps["acquisition"]) == index
    assert np.isnan(maps["acquisition"]).sum() == 4  # those measured
    assert suggestion["_ingested"] == "0-3"
    assert suggestion["_pending"] == ""


def test_a_pin_is_measured_next_and_a_veto_never() -> None:
    one = agent(num_points=80)
    run(one, 6)
    assert one.pin(3.2, 4.1) is None
    assert one.veto(3.0, 4.0, 1.0) is None  # thought better of
    assert one.pin(7.0, 9.0) is None
    (pinned,) = one.suggest()
    assert (pinned["_kind"], index_of(pinned)) == ("pin", 79)
    assert pinned["_sigma"] > 0
    one.ingest([answer(pinned)])
    again = DKLAgent.from_checkpoint(FEATURES, POSITIONS, json.loads(json.dumps(one.checkpoint())))
    rest = []
    while suggestion := again.suggest():
        rest.append(index_of(suggestion[0]))
    assert len(rest) > 60
    assert not {24, 33, 34, 35, 44} & set(rest)
    assert "no candidate" in one.veto(100.0, 0.0, 1.0)
    assert "measure where candidates are" in one.pin(100.0, 0.0)


def test_a_withdrawn_suggestion_was_never_made() -> None:
    one = agent()
    run(one, 5)
    (suggestion,) = one.suggest()
    one.withdraw([suggestion["_id"]])
    assert index_of(suggestion) in one._visits.free
    assert one.suggest()[0]["_id"] == suggestion["_id"] + 1


def test_electrons_end_it_and_count_those_underway() -> None:
    one = agent(electron_budget=100.0)
    for _ in range(3):
        (suggestion,) = one.suggest()
        one.ingest([{**answer(suggestion), "electrons": 24.0}])
    assert not one.should_stop()[0]  # 72 + 24
    one.suggest()
    assert "72 of the agent's 100 electrons" in str(one.should_stop()[1])


def test_it_stops_when_no_more_is_to_be_found() -> None:
    one = agent(regret_goal=0.5, num_points=80)
    reason = None
    while reason is None:
        run(one, 1)
        _, reason = one.should_stop()
    assert "more is to be found" in reason
    assert len(one._visits.points) < 70


def test_what_is_damaged_is_worth_less() -> None:
    apart = []
    for critical_dose in (None, 1e-3):
        options = {"critical_dose": critical_dose, "beam_spread": 1.5, "acquisition": "maximum_uncertainty"}
        one, places = agent(**options), []
        for _ in range(12):
            (suggestion,) = one.suggest()
            one.ingest([{**answer(suggestion), "electrons": 1e3}])
            places.append((suggestion["scanner_y"], suggestion["scanner_x"]))
        between = np.hypot(*(np.array(places)[:, None] - places).T) + 99 * np.eye(12)
        apart.append(between[4:].min(axis=1).mean())
    assert apart[1] > 1.1 * apart[0]


def test_answers_count_even_before_the_next_fit() -> None:
    one = agent(num_seed=40)
    one.ingest([answer(s) for s in one.suggest(40)])
    (suggestion,) = one.suggest()
    before = one.predict()[0][index_of(suggestion)]
    one.ingest([answer(suggestion, before + 0.1)])
    assert one.predict()[0][index_of(suggestion)] > before
    assert one.suggest()[0]["_trained_on"] == 40


def test_a_fit_that_fails_falls_back(monkeypatch) -> None:
    one = agent()
    run(one, 4)

    def fail(*arguments):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(Surrogate, "refitted", fail)
    (suggestion,) = one.suggest()
    assert (suggestion["_kind"], suggestion["_fallback"], suggestion["_fallbacks"]) == (
        "seed",
        "space filling",
        1,
    )


def test_damage_is_kept_away_from() -> None:
    one = agent(spacing=2.5, num_points=80)
    visited = run(one, 8)
    places = np.array([[s["scanner_y"], s["scanner_x"]] for s in visited])
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 99 * np.eye(len(places))
    assert apart.min() > 2.5
    while one.suggest():
        pass
    assert "all candidates" in str(one.should_stop()[1])


def test_travel_is_weighed_against_what_is_found() -> None:
    lengths = []
    for travel_time in (0.0, 10.0):
        places = [(s["scanner_y"], s["scanner_x"]) for s in run(agent(travel_time=travel_time), 20)[4:]]
        lengths.append(np.hypot(*np.diff(places, axis=0).T).mean())
    assert lengths[1] < 0.7 * lengths[0]


def test_an_outlier_is_named_and_does_not_mislead() -> None:
    one = agent(num_seed=40)
    suggestions = one.suggest(40)
    one.ingest([answer(s) for s in suggestions[1:]])
    one.ingest([answer(suggestions[0], 30.0)])
    (suggestion,) = one.suggest()
    assert suggestion["_outliers"] == [index_of(suggestions[0])]
    assert one.get_best_points()[0][0] != suggestions[0]["_id"]
