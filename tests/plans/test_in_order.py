import json
import math

import numpy as np
import pytest

from stemline.plans.in_order import InOrder
from stemline.plans.protocols import Proposer

POSITIONS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@pytest.fixture
def proposer():
    return InOrder(POSITIONS, [2, 0, 3], "grid")


def measure(proposer, values):
    for value in values:
        (point,) = proposer.suggest(1)
        proposer.ingest([{**point, "value": value, "sigma": 0.1}])


def test_it_speaks_the_words_of_a_proposer(proposer):
    assert isinstance(proposer, Proposer)


def test_positions_come_in_order_and_end(proposer):
    points = [*proposer.suggest(2), *proposer.suggest(), *proposer.suggest()]
    assert [(point["scanner_y"], point["scanner_x"]) for point in points] == [(1, 0), (0, 0), (1, 1)]
    assert [point["_id"] for point in points] == [0, 1, 2]
    assert proposer.should_stop() == (True, "all 3 positions of the grid order were visited")


def test_it_does_not_stop_before_the_end(proposer):
    assert proposer.should_stop() == (False, None)
    measure(proposer, [1.0])
    assert proposer.should_stop() == (False, None)


def test_it_predicts_what_was_measured_and_nothing_else(proposer):
    measure(proposer, [1.0, 3.0, 2.0])
    mean, sigma = proposer.predict()
    np.testing.assert_array_equal(mean, [3.0, np.nan, 1.0, 2.0])
    np.testing.assert_array_equal(sigma, [0.1, np.nan, 0.1, 0.1])
    assert proposer.get_best_points() == [(1, {"scanner_y": 0.0, "scanner_x": 0.0}, {"value": 3.0})]


def test_nothing_is_best_where_nothing_has_a_value(proposer):
    measure(proposer, [math.nan])
    assert proposer.get_best_points() == []


def test_a_call_that_fails_is_in_the_future(proposer):
    assert isinstance(proposer.submit("ingest", [{}]).exception(), KeyError)
    assert proposer.submit("suggest", 1).result()[0]["_id"] == 0


def test_its_checkpoint_is_json(proposer):
    proposer.suggest(2)
    assert json.loads(json.dumps(proposer.checkpoint())) == {"kind": "grid", "order": [2, 0, 3], "next": 2}
