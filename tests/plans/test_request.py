from __future__ import annotations

import pytest

from stemline.plans.random_spectroscopy import random_spectroscopy
from stemline.plans.request import Request
from stemline.plans.survey import Frame


def test_what_is_not_asked_for_stays_as_the_scanner_is_set():
    request = Request(5, 0.1, {"survey_shape": (8, 6)})
    assert request.frame == Frame((8, 6), None, None)
    assert request.arguments() == {
        "num_points": 5,
        "dwell_time": 0.1,
        "survey_shape": (8, 6),
        "field_of_view": None,
        "survey_dwell_time": None,
        "candidate_grid": None,
        "patch_size": None,
    }


def test_an_unknown_option_is_refused_before_anything_moves(engine, microscope, records, scalarise):
    plan = random_spectroscopy(
        microscope, records, scalarise, num_points=5, dwell_time=0.1, seed=0, survey_size=(8, 6)
    )
    with pytest.raises(TypeError, match="survey_size: unknown; there are survey_shape, "):
        engine(plan)
    assert engine.documents.all == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.1, {}), "num_points is 0"),
        ((5, 0.0, {}), "dwell_time is 0 s"),
        ((5, 0.1, {}, float("nan")), "suggest_timeout is nan s"),
        ((5, 0.1, {"field_of_view": 0.0}), "field_of_view of the survey is 0 nm"),
    ],
)
def test_what_can_not_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Request(*arguments)
