import re

import pytest

from stemline.agents.options import Options


def test_defaults_are_allowed() -> None:
    assert Options.of({}) == Options()


def test_round_trip() -> None:
    options = Options(seed=3, acquisition="maximum_uncertainty", uncertainty_goal=0.5)
    assert Options.of(options.as_dict()) == options


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"num_points": 0}, "num_points is 0"),
        ({"num_points": 2.5}, "num_points is 2.5"),
        ({"num_points": True}, "num_points is True"),
        ({"num_seed": 0}, "num_seed is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"acquisition": "luck"}, "acquisition 'luck' is unknown: use expected_improvement"),
        ({"seeding": "corner"}, "seeding 'corner'"),
        ({"kind": "oracle"}, "kind 'oracle'"),
        ({"uncertainty_goal": -1.0}, "uncertainty_goal is -1.0"),
        ({"uncertainty_goal": 1.0}, "between 0 and 1"),
        ({"predictability_goal": float("nan")}, "predictability_goal is nan"),
        ({"budget": 5}, "option 'budget' is unknown: use kind, num_points"),
    ],
)
def test_what_is_impossible_is_said_in_one_line(options, says) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        Options.of(options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kernel": "shallow"}, "kernel 'shallow' is unknown: use auto, fixed, deep"),
        ({"spacing": -1.0}, "spacing is -1.0: give a number, 0 or more"),
        ({"deadline": float("nan")}, "deadline is nan"),
        ({"travel_time": 0.1, "acquisition": "thompson"}, "travel_time can't be weighed against thompson"),
        ({"travel_time": 0.1, "point_time": 0.0}, "point_time is 0"),
    ],
)
def test_what_a_point_costs_is_checked(options, says) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        Options.of(options)
    assert "\n" not in str(caught.value)
