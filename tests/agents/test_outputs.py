import json

import numpy as np
import pytest

from stemline.agents.evidence import Hyper
from stemline.agents.feature_map import Relevance
from stemline.agents.measurements import Measurements
from stemline.agents.outputs import Outputs
from stemline.agents.process import Process
from stemline.agents.sites import Sites
from stemline.agents.standardised import Scale

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 6))
SITES = Sites(X, RNG.normal(size=(300, 2)))
TRUTH = np.stack([3 + np.exp(-2 * (X[:, 0] - 0.5) ** 2), 100 * np.tanh(X[:, 1] + X[:, 0])], axis=1)
NOISE = np.array([0.03, 4.0])


def measured(first, last) -> Measurements:
    values = TRUTH + NOISE * np.random.default_rng(7).normal(size=TRUTH.shape)
    return Measurements(np.arange(first, last), values[first:last], np.tile(NOISE, (last - first, 1)))


@pytest.fixture(scope="module")
def model() -> Outputs:
    model = Outputs(SITES)
    model.fit(measured(0, 80))
    return model


def test_predicts_each_output_in_its_unit_and_knows_how_well(model) -> None:
    mean, sigma = model.mean[80:], model.sigma()[80:]
    assert mean.shape == sigma.shape == (220, 2)
    for j in range(2):
        assert np.corrcoef(mean[:, j], TRUTH[80:, j])[0, 1] > 0.9
        assert 0.88 < np.mean(np.abs(mean[:, j] - TRUTH[80:, j]) < 1.96 * sigma[:, j]) <= 1.0


def test_the_gradient_of_the_joint_posterior_is_that_of_finite_differences() -> None:
    model, points = Outputs(SITES), measured(0, 15)
    known = [
        Scale.of(values).standardise(values, sigmas)
        for values, sigmas in zip(points.values.T, points.sigmas.T, strict=True)
    ]
    vector = 0.3 * np.random.default_rng(2).normal(size=2 * 4 + 7)
    _, gradient = model._joint(vector, SITES[:15], known)
    for i, step in enumerate(1e-6 * np.eye(len(vector))):
        ahead, behind = (model._joint(vector + sign * step, SITES[:15], known)[0] for sign in (1, -1))
        assert gradient[i] == pytest.approx((ahead - behind) / 2e-6, rel=1e-4, abs=1e-5)


def test_one_output_is_a_process_with_the_same_hyper_parameters() -> None:
    points = measured(0, 30)
    one = Measurements(points.indices, points.values[:, :1], points.sigmas[:, :1])
    model = Outputs(SITES)
    model.fit(one)
    hyper = Hyper(np.array(model.state()["vector"]))
    scale = Scale.of(one.values[:, 0])
    known = scale.standardise(one.values[:, 0], one.sigmas[:, 0])
    alone = Process(hyper.places(Relevance(6), SITES), hyper, one.indices, known.values, known.noise)
    np.testing.assert_allclose(model.mean[:, 0], scale.offset + scale.unit * alone.mean)


def test_what_is_underway_narrows_and_what_came_since_is_taken_in() -> None:
    model = Outputs(SITES)
    model.fit(measured(0, 40))
    before = model.sigma()
    assert np.all(model.sigma([200])[200] < before[200])
    model.condition(measured(200, 201))
    assert np.all(model.sigma()[200] < before[200])


def test_draws_scatter_as_the_posterior_says(model) -> None:
    rng = np.random.default_rng(1)
    draws = np.array([model.draw(rng) for _ in range(200)])
    bare = np.sqrt([process.variance for process in model._processes]).T * [
        scale.unit for scale in model._scales
    ]
    np.testing.assert_allclose(np.median(draws.std(axis=0) / bare, axis=0), 1.0, atol=0.1)
    off = np.abs(draws.mean(axis=0) - model.mean) / bare
    assert np.all(np.median(off, axis=0) < 0.15)


def test_a_restored_model_is_the_same_to_the_bit(model) -> None:
    again = Outputs(SITES)
    model.condition(measured(80, 83))
    again.set_state(json.loads(json.dumps(model.state())))
    np.testing.assert_array_equal(model.mean, again.mean)
    np.testing.assert_array_equal(model.sigma([99]), again.sigma([99]))
