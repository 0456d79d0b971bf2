import json

import numpy as np
import pytest

from stemline.agents.options import Options
from stemline.agents.random_agent import RandomAgent

POSITIONS = np.stack(np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij"), axis=-1).reshape(-1, 2)
FEATURES = np.zeros((12, 1))


def agent(**options) -> RandomAgent:
    return RandomAgent(FEATURES, POSITIONS, Options.of({"kind": "random", **options}))


def index_of(suggestion) -> int:
    return int(suggestion["scanner_y"]) * 4 + int(suggestion["scanner_x"])


def test_visits_all_once_in_an_order_of_its_seed() -> None:
    orders = [[index_of(s) for s in agent(seed=seed).suggest(20)] for seed in (0, 0, 1)]
    assert sorted(orders[0]) == list(range(12))
    assert orders[0] == orders[1] != orders[2]


def test_stops_at_its_budget_and_where_nothing_is_left() -> None:
    short, long = agent(num_points=2), agent(num_points=99)
    for one, count in ((short, 2), (long, 12)):
        for suggestion in one.suggest(count):
            assert not one.should_stop()[0] or one is long
            one.ingest([{**suggestion, "value": 1.0, "sigma": 0.1}])
    assert "budget" in str(short.should_stop()[1])
    assert "all candidates" in str(long.should_stop()[1])
    assert long.suggest() == []


def test_its_prediction_is_what_was_measured() -> None:
    one = agent()
    assert one.get_best_points() == []
    suggestions = one.suggest(3)
    one.ingest(
        [{**s, "value": v, "sigma": 0.5} for s, v in zip(suggestions, (1.0, np.nan, 7.0), strict=True)]
    )
    mean, sigma = one.predict()
    assert np.isfinite(mean).sum() == np.isfinite(sigma).sum() == 2
    assert mean[index_of(suggestions[2])] == 7.0
    assert one.get_best_points()[0][0] == suggestions[2]["_id"]


def test_a_checkpoint_goes_on() -> None:
    one = agent(seed=5)
    one.suggest(4)
    again = RandomAgent.from_checkpoint(FEATURES, POSITIONS, json.loads(json.dumps(one.checkpoint())))
    assert again.suggest(8) == one.suggest(8)


def test_no_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="no candidate"):
        RandomAgent(np.empty((0, 1)), np.empty((0, 2)))
