import json
import math

import numpy as np
import pytest

from stemline.agents.visits import Pending, Visits

GRID = np.stack(np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij"), axis=-1).reshape(-1, 2)


def answer(number, value=1.0, sigma=0.1, y=0.0, x=0.0):
    return {"_id": number, "scanner_y": y, "scanner_x": x, "value": value, "sigma": sigma}


def test_a_suggestion_is_visited_and_then_measured() -> None:
    visits = Visits(GRID)
    number, movables = visits.suggest(Pending(5, mean=2.0, sigma=0.5))
    assert movables == {"scanner_y": 1.0, "scanner_x": 1.0}
    assert visits.visited.tolist() == [5]
    assert 5 not in visits.free
    point = visits.ingest(answer(number, 3.0))
    assert (point.index, point.value, point.mean, point.expected) == (5, 3.0, 2.0, 0.5)
    assert visits.visited.tolist() == [5]
    assert not visits.pending


def test_the_order_of_answers_does_not_matter() -> None:
    one, other = Visits(GRID), Visits(GRID)
    for visits, order in ((one, (0, 1, 2)), (other, (2, 0, 1))):
        for index in (7, 1, 4):
            visits.suggest(Pending(index))
        for number in order:
            visits.ingest(answer(number, 10.0 * number))
    assert one.points == other.points


def test_what_nobody_suggested_belongs_to_the_nearest_candidate() -> None:
    visits = Visits(GRID)
    assert visits.ingest(answer(-1, y=1.1, x=2.8)).index == 7
    with pytest.raises(ValueError, match="the nearest candidate"):
        visits.ingest(answer(-1, y=40.0, x=0.0))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_value_is_recorded_and_not_learned(value) -> None:
    visits = Visits(GRID)
    number, _ = visits.suggest(Pending(0))
    visits.ingest(answer(number, value))
    assert len(visits.points) == 1
    assert visits.learned == []
    assert 0 not in visits.free


@pytest.mark.parametrize("sigma", [math.nan, -1.0, math.inf])
def test_a_value_without_a_sigma_counts_as_free_of_known_noise(sigma) -> None:
    visits = Visits(GRID)
    assert visits.ingest(answer(-1, 2.0, sigma)).sigma == 0.0


def test_state_survives_json() -> None:
    visits = Visits(GRID)
    for index in (7, 1, 4):
        visits.suggest(Pending(index, 0.1, 0.2))
    visits.ingest(answer(1, 1 / 3))
    again = Visits(GRID)
    again.set_state(json.loads(json.dumps(visits.state())))
    assert again.points == visits.points
    assert again.pending == visits.pending
    assert again.suggest(Pending(0))[0] == 3


@pytest.mark.parametrize(
    "incomplete", [{}, {"_id": 0, "value": 1.0}, {"_id": None, "value": 1.0, "sigma": 1.0}]
)
def test_an_incomplete_answer_is_refused(incomplete) -> None:
    with pytest.raises(ValueError, match="give _id, scanner_y, scanner_x, value, sigma"):
        Visits(GRID).ingest(incomplete)


@pytest.mark.parametrize("positions", [np.empty((0, 2)), np.zeros((3, 3)), np.zeros(3)])
def test_no_candidates_are_refused(positions) -> None:
    with pytest.raises(ValueError, match="hold no candidate"):
        Visits(positions)


def test_a_position_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        Visits(np.array([[0.0, math.nan]]))


def test_what_is_allowed_keeps_its_distance() -> None:
    positions = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0), indexing="ij"), axis=-1).reshape(-1, 2)
    visits = Visits(positions)
    assert len(visits.allowed(1.0)) == 25
    visits.suggest(Pending(12))
    assert len(visits.allowed(0.0)) == 24
    assert len(visits.allowed(1.0)) == 20  # the four neighbours too
    assert len(visits.allowed(9.0)) == 0
