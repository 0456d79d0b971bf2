import numpy as np
import pytest

from stemline.agents.evidence import Hyper, negative_log_posterior
from stemline.agents.feature_map import Relevance
from stemline.agents.hyper_uncertainty import mean_slack
from stemline.agents.process import Process
from stemline.agents.sites import Sites

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(150, 3))
INDICES = RNG.permutation(150)[:40]
VALUES, NOISE = np.sin(2 * FEATURES[INDICES, 0]), np.full(40, 0.01)
MAP = Relevance(3)
SITES = Sites(FEATURES, RNG.normal(size=(150, 2)))
VECTOR = np.array([0.1, -3.5, -1.0, 0.3, -0.1, 0.5, -0.2, -0.3])
SIZE = len(VECTOR)


def process(vector=VECTOR, indices=INDICES, values=VALUES) -> Process:
    hyper = Hyper(vector)
    return Process(hyper.places(MAP, SITES), hyper, indices, values, NOISE[: len(indices)])


def test_is_the_spread_of_the_mean_over_hyper_parameters() -> None:
    by_hyper = []
    for k in range(SIZE):
        step = 1e-5 * np.eye(SIZE)[k]
        by_hyper.append((process(VECTOR + step).mean - process(VECTOR - step).mean) / 2e-5)
    # The expected Hessian of the likelihood, from its gradient over draws of the values.
    covariance = process().factor @ process().factor.T
    draws = RNG.multivariate_normal(np.zeros(40), covariance, size=400)
    sites = SITES[INDICES]

    def gradient(vector, values):
        return negative_log_posterior(vector, MAP, sites, values, NOISE)[1]

    information = np.zeros((SIZE, SIZE))
    for values in draws:
        for k in range(SIZE):
            step = 1e-4 * np.eye(SIZE)[k]
            information[k] += (gradient(VECTOR + step, values) - gradient(VECTOR - step, values)) / 2e-4
    spread = np.linalg.inv(information / len(draws))
    expected = np.einsum("an,ab,bn->n", by_hyper, spread, by_hyper)
    slack = mean_slack(process())
    np.testing.assert_allclose(np.square(slack).sum(1), expected, rtol=0.15, atol=1e-5)


def test_falls_with_more_points() -> None:
    few = process(indices=INDICES[:10], values=VALUES[:10])
    assert np.square(mean_slack(few)).mean() > 2 * np.square(mean_slack(process())).mean()


def test_without_a_signal_there_is_nothing_to_be_unsure_of() -> None:
    flat = process(values=np.zeros(40))
    assert np.square(mean_slack(flat)).max() == pytest.approx(0.0, abs=1e-20)
