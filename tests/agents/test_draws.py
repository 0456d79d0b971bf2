import numpy as np

from stemline.agents import draws
from stemline.agents.evidence import Hyper
from stemline.agents.process import Process
from stemline.agents.sites import Sites

RNG = np.random.default_rng(0)
PLACES = Sites(RNG.normal(size=(120, 3)), RNG.normal(size=(120, 2)))
INDICES = RNG.permutation(120)[:25]
VALUES = np.sin(2 * PLACES.looks[INDICES, 0])


def process() -> Process:
    made = Process(PLACES, Hyper(np.log([1.3, 0.02, 0.4, 0.8])), INDICES[:20], VALUES[:20], np.full(20, 0.01))
    made.loosen(0.1 * np.random.default_rng(1).normal(size=(120, 2)))
    for index, value in zip(INDICES[20:], VALUES[20:], strict=True):
        made.append(int(index), float(value), 0.01)
    return made


def test_paths_have_the_moments_of_the_posterior() -> None:
    exact, rng = process(), np.random.default_rng(2)
    paths = np.array([draws.path(exact, rng) for _ in range(3000)])
    sigma = np.sqrt(exact.variance)
    assert np.max(np.abs(paths.mean(0) - exact.mean) / sigma) < 0.15
    np.testing.assert_allclose(paths.std(0), sigma, rtol=0.12)
    some = np.arange(0, 120, 10)
    joint = exact.covariance(some)
    expected = joint / np.sqrt(np.outer(joint.diagonal(), joint.diagonal()))
    assert np.max(np.abs(np.corrcoef(paths[:, some].T) - expected)) < 0.12


def test_the_best_is_drawn_from_the_joint_posterior_of_the_measured() -> None:
    exact, rng = process(), np.random.default_rng(3)
    bests = np.concatenate([draws.bests(exact, rng) for _ in range(200)])
    joint = np.random.default_rng(4).multivariate_normal(exact.mean[INDICES], exact.covariance(INDICES), 4000)
    np.testing.assert_allclose(bests.mean(), joint.max(1).mean(), atol=0.02)
    np.testing.assert_allclose(bests.std(), joint.max(1).std(), rtol=0.1)
