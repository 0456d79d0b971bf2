import math

import numpy as np
import pytest
import torch

from stemline.agents.deep_map import STEEPEST, DeepMap
from stemline.agents.feature_map import Relevance

X = np.random.default_rng(9).normal(size=(50, 5))


def test_starts_close_to_the_plain_features() -> None:
    deep = DeepMap(5, seed=0)
    residual = deep.places(deep.start(), X) - Relevance(5).places(np.zeros(6), X)
    assert 0.001 < math.sqrt(np.mean(residual**2)) < 0.15


def test_the_seed_makes_the_weights_and_nothing_else_is_drawn_from() -> None:
    before = torch.get_rng_state()
    np.testing.assert_array_equal(DeepMap(5, 1).start(), DeepMap(5, 1).start())
    assert not np.array_equal(DeepMap(5, 1).start(), DeepMap(5, 2).start())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("wild", [1.0, 30.0])
def test_features_never_collapse_however_large_the_weights(wild) -> None:
    deep = DeepMap(5, seed=0)
    parameters = deep.start()
    parameters[6:] *= wild
    near = X + 1e-4 * np.random.default_rng(1).normal(size=X.shape)
    for others in (near, X[::-1]):
        plain = np.linalg.norm(X - others, axis=1) / math.sqrt(5)
        mapped = np.linalg.norm(deep.places(parameters, X) - deep.places(parameters, others), axis=1)
        assert np.all(mapped >= (1 - STEEPEST) * plain - 1e-12)
        assert np.all(mapped <= (1 + STEEPEST) * plain + 1e-12)


def test_the_prior_holds_hidden_weights_to_their_start_and_the_output_to_zero() -> None:
    deep = DeepMap(5, seed=0)
    pull = deep.penalty(deep.start())[1]
    output = 32 * 5
    assert np.all(pull[:-output] == 0)
    assert np.all(pull[-output:] != 0)
