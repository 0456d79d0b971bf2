import json
import math

import numpy as np
import pytest

from stemline.analysis.scalarise import Flags
from stemline.plans.adaptive_spectroscopy import adaptive_spectroscopy


def adaptive(microscope, records, scalarise, make, **changes):
    options = {"num_points": 5, "dwell_time": 0.1, "candidate_grid": (6, 8), **changes}
    return adaptive_spectroscopy(microscope, records, scalarise, make, **options)


def test_one_run_holds_survey_decisions_points_and_prediction(engine, microscope, records, scalarise, agents):
    result = engine(adaptive(microscope, records, scalarise, agents()))
    documents = engine.documents
    assert len(documents.of("start")) == 1
    assert [len(documents.events(stream)) for stream in ("survey", "decisions", "primary", "prediction")] == [
        1,
        6,
        5,
        1,
    ]
    assert documents.of("stop")[0]["exit_status"] == "success"
    assert result.plan_result.uid == documents.of("start")[0]["uid"]
    assert result.plan_result.reason == "measured the 5 points asked for"


def test_a_point_is_measured_where_the_agent_wanted_it_and_told_to_it(
    engine, microscope, records, scalarise, agents
):
    engine(adaptive(microscope, records, scalarise, agents()))
    (agent,) = agents.made
    decisions = engine.documents.events("decisions")[:-1]
    points = engine.documents.events("primary")
    for decision, point, known in zip(decisions, points, agent.ingested, strict=True):
        position = decision["decision_y"], decision["decision_x"]
        assert (point["scanner_y"], point["scanner_x"]) == position
        assert point["scalar_value"] == pytest.approx(microscope.truth(*position))
        assert known["_id"] == decision["decision_id"]
        assert known["value"] == point["scalar_value"]
        assert known["sigma"] == point["scalar_sigma"] == 0.01
        assert (known["scanner_y"], known["scanner_x"]) == position


def test_decisions_tell_what_the_model_thought_and_at_last_why_it_ended(
    engine, microscope, records, scalarise, agents
):
    engine(adaptive(microscope, records, scalarise, agents(stop_after=3)))
    *decisions, last = engine.documents.events("decisions")
    assert len(decisions) == len(engine.documents.events("primary")) == 3
    assert {decision["decision_mean"] for decision in decisions} == {0.5}
    assert {decision["decision_strategy"] for decision in decisions} == {"walk"}
    assert all(math.isnan(decision["decision_acquisition"]) for decision in decisions)
    assert [decision["decision_model_version"] for decision in decisions] == [0, 1, 2]
    assert last["decision_reason"] == "uncertainty goal reached"


def test_frames_are_referred_to_one_a_point(engine, microscope, records, scalarise, agents):
    engine(adaptive(microscope, records, scalarise, agents()))
    resources = {doc["uid"]: doc["data_key"] for doc in engine.documents.of("stream_resource")}
    frames = [
        doc["indices"]
        for doc in engine.documents.of("stream_datum")
        if "eels" in resources[doc["stream_resource"]]
    ]
    assert frames == [{"start": k, "stop": k + 1} for k in range(5)]


def test_the_prediction_has_the_shape_of_the_candidates(engine, microscope, records, scalarise, agents):
    engine(adaptive(microscope, records, scalarise, agents()))
    (prediction,) = engine.documents.events("prediction")
    np.testing.assert_array_equal(prediction["prediction_mean"], np.arange(48).reshape(6, 8))
    assert prediction["prediction_sigma"].shape == (6, 8)


def test_the_summary_names_the_best_point_and_the_dose_of_this_run(
    engine, microscope, records, scalarise, agents
):
    summary = engine(adaptive(microscope, records, scalarise, agents())).plan_result
    points = engine.documents.events("primary")
    best = max(points, key=lambda point: point["scalar_value"])
    assert summary.best_value == best["scalar_value"]
    assert summary.best_position == (best["scanner_y"], best["scanner_x"])
    assert summary.electrons == 100 + 5 * 10
    assert (summary.num_points, summary.num_flagged) == (5, 0)


def test_the_start_document_tells_how_to_do_it_again(engine, microscope, records, scalarise, agents):
    engine(
        adaptive(
            microscope, records, scalarise, agents(), field_of_view=8.0, md={"sample": "gold", "seed": 7}
        )
    )
    start = engine.documents.of("start")[0]
    json.dumps(start)
    assert start["plan_name"] == "adaptive_spectroscopy"
    assert start["plan_args"]["num_points"] == start["num_points"] == 5
    assert start["scalariser"] == scalarise.parameters()
    assert start["survey"] == {"shape": [12, 16], "field_of_view": 8.0, "dwell_time": 1e-5}
    assert start["candidates"] == {"grid": [6, 8], "patch_size": None}
    assert (start["sample"], start["seed"], start["dwell_time"]) == ("gold", 7, 0.1)


def test_settings_are_made_before_the_run(engine, microscope, records, scalarise, agents):
    engine(
        adaptive(
            microscope,
            records,
            scalarise,
            agents(),
            survey_shape=(6, 8),
            survey_dwell_time=2e-5,
            candidate_grid=None,
        )
    )
    assert microscope.haadf.scan_mode.get() == "Frame"
    assert microscope.scanner.dwell_time.get() == 2e-5
    assert microscope.eels.acquire_time.get() == 0.1
    assert agents.made[0].candidates.grid == (6, 8)


def test_a_flagged_value_is_recorded_but_not_learned(engine, microscope, records, mean_of, agents):
    summary = engine(adaptive(microscope, records, mean_of(least=2.0), agents())).plan_result
    assert all(point["scalar_flags"] == Flags.TOO_FEW_COUNTS for point in engine.documents.events("primary"))
    assert all(math.isfinite(point["scalar_value"]) for point in engine.documents.events("primary"))
    assert all(math.isnan(known["value"]) for known in agents.made[0].ingested)
    assert summary.num_flagged == 5
    assert summary.best_value is None


def test_an_agent_without_suggestions_ends_the_run(engine, microscope, records, scalarise, agents):
    make = agents()

    def silent(candidates):
        agent = make(candidates)
        agent.suggest = lambda num_points=None: []
        return agent

    summary = engine(adaptive(microscope, records, scalarise, silent)).plan_result
    assert summary.num_points == 0
    assert "no candidate left" in summary.reason
    assert engine.documents.of("stop")[0]["exit_status"] == "success"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_points": 0}, "num_points is 0"),
        ({"dwell_time": 0.0}, "dwell_time is 0 s"),
        ({"dwell_time": math.nan}, "dwell_time is nan s"),
        ({"suggest_timeout": -1.0}, "suggest_timeout is -1 s"),
        ({"field_of_view": 0.0}, "field_of_view of the survey is 0 nm"),
        ({"survey_shape": (0, 4)}, "survey shape"),
    ],
)
def test_bad_arguments_are_refused_before_anything_moves(
    engine, microscope, records, scalarise, agents, changes, message
):
    with pytest.raises(ValueError, match=message) as refused:
        engine(adaptive(microscope, records, scalarise, agents(), **changes))
    assert "\n" not in str(refused.value)
    assert engine.documents.all == []
    assert microscope.haadf.scan_mode.get() == "Spot"


def test_an_axis_without_the_window_is_refused_before_the_beam_is_used(
    engine, microscope, records, mean_of, agents
):
    with pytest.raises(ValueError, match="off the axis -2 to 29.5 eV"):
        engine(adaptive(microscope, records, mean_of(window=(20.0, 40.0)), agents()))
    assert engine.documents.all == []
    assert microscope.haadf.exposures == 0


def test_a_survey_with_nan_fails_the_run(engine, microscope, records, scalarise, agents):
    microscope.bad_pixels = 3
    with pytest.raises(ValueError, match="3 of 192 survey pixels are not finite"):
        engine(adaptive(microscope, records, scalarise, agents()))
    (stop,) = engine.documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert "not finite" in stop["reason"]
    assert agents.made == []


def test_a_spent_electron_budget_is_an_end_and_no_failure(engine, microscope, records, scalarise, agents):
    microscope.beam.electron_budget.put(float(microscope.beam.electrons.get()) + 100 + 3.2 * 10)
    result = engine(adaptive(microscope, records, scalarise, agents()))
    assert engine.documents.of("stop")[0]["exit_status"] == "success"
    assert "electrons is spent" in result.plan_result.reason
    assert 1 <= result.plan_result.num_points <= 3


@pytest.mark.parametrize("grid", [(5, 8), (0, 0), (1, 1), (6, 4)])
def test_a_grid_that_does_not_fit_is_refused_before_the_beam_is_used(
    engine, microscope, records, scalarise, agents, grid
):
    before = microscope.beam.electrons.get()
    with pytest.raises(ValueError, match="survey"):
        engine(adaptive(microscope, records, scalarise, agents(), candidate_grid=grid))
    assert microscope.beam.electrons.get() == before
    assert not engine.documents.of("start")
