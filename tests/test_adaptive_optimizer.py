"""Suggestions as bluesky-adaptive can record them."""

import numpy as np

from stemline.adaptive_optimizer import AdaptiveOptimizer
from stemline.agents.worker import InlineProposer


def test_a_key_has_one_type_from_the_first_seed_to_the_modelled_points():
    grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(4.0), indexing="ij"), axis=-1).reshape(-1, 2)
    agent = AdaptiveOptimizer(InlineProposer(grid, grid, {"num_points": 6, "num_seed": 3, "kernel": "fixed"}))
    suggested = []
    for _ in range(5):
        (point,) = agent.suggest(1)
        agent.ingest([{"_id": point["_id"], "value": point["scanner_y"], "sigma": 0.1}])
        suggested.append(point)
    kinds = [point["decision_kind"] for point in suggested]
    assert kinds[0] == "seed"
    assert kinds[-1] != "seed"
    # The first event makes the columns of the catalog's table: one of numbers can hold no text later.
    texts = [{key for key, value in point.items() if isinstance(value, str)} for point in suggested]
    assert all(one == texts[0] for one in texts)
    assert {"decision_kernel", "decision_fallback"} <= texts[0]
    assert [key for key in suggested[0] if key.startswith("_")] == ["_id"], "Tiled refuses the others"
