import json

import numpy as np
import pytest
import torch

from stemline.agents.measurements import Measurements
from stemline.agents.sites import Sites
from stemline.agents.surrogate import Surrogate


def bumps(x):
    return 3 + 2 * np.exp(-2 * (x[:, 0] - 0.5) ** 2) + 0.3 * x[:, 1]


X = np.random.default_rng(0).normal(size=(300, 8))
SITES = Sites(X, np.random.default_rng(1).normal(size=(300, 2)))
TRUTH = bumps(X)


def measured(first, last, *, scale=1.0, offset=0.0, noise=0.05) -> Measurements:
    indices = np.arange(first, last)
    values = TRUTH[indices] + noise * np.random.default_rng(7).normal(size=300)[indices]
    return Measurements(indices, scale * values + offset, np.full(last - first, scale * noise))


def fitted(points=40, kernel="fixed", **how) -> Surrogate:
    model = Surrogate(SITES, kernel, seed=0)
    model.fit(measured(0, points, **how))
    return model


@pytest.mark.parametrize("kernel", ["fixed", "deep"])
def test_predicts_what_it_has_not_seen_and_knows_how_well(kernel) -> None:
    model = fitted(80, kernel)
    mean, sigma = model.mean[80:], model.sigma()[80:]
    assert np.corrcoef(mean, TRUTH[80:])[0, 1] > 0.9
    assert 0.9 < np.mean(np.abs(mean - TRUTH[80:]) < 1.96 * sigma) <= 1.0


@pytest.mark.parametrize(("scale", "offset"), [(1e6, -5e6), (1e-6, 1e-3)])
def test_is_linear_in_the_unit_of_the_scalar(scale, offset) -> None:
    plain, other = fitted(), fitted(scale=scale, offset=offset)
    np.testing.assert_allclose((other.mean - offset) / scale, plain.mean, rtol=1e-4)
    np.testing.assert_allclose(other.sigma() / scale, plain.sigma(), rtol=1e-3)


def test_believes_a_noisy_point_less() -> None:
    errors = []
    for sigma in (0.01, 5.0):
        points = measured(0, 30)
        points.values[4] += 2.0
        points.sigmas[4] = sigma
        model = Surrogate(SITES, "fixed", seed=0)
        model.fit(points)
        errors.append(abs(model.mean[4] - TRUTH[4]))
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("values", [np.full(5, 7.0), np.array([1.0, 1.0, 1.0, 1.0, 1.0 + 1e-12])])
def test_values_that_are_all_alike(values) -> None:
    model = Surrogate(SITES, "fixed", seed=0)
    model.fit(Measurements(np.arange(5), values, np.zeros(5)))
    np.testing.assert_allclose(model.mean, values[0], atol=1e-6)
    assert np.all(np.isfinite(model.sigma()))


def test_conditioning_needs_no_fit_to_learn() -> None:
    model = fitted(40)
    before = np.corrcoef(model.mean[60:], TRUTH[60:])[0, 1], model.sigma()[60:].mean()
    assert not model.condition(measured(40, 60))
    assert np.corrcoef(model.mean[60:], TRUTH[60:])[0, 1] > before[0]
    assert model.sigma()[60:].mean() < before[1]


def test_a_wild_value_is_reported_and_at_the_next_fit_believed_less() -> None:
    model = fitted(60)
    wild = measured(60, 61)
    wild.values[0] += 15.0
    assert model.condition(wild)
    model.fit(measured(0, 60).and_these(wild))
    assert model.outliers.tolist() == [60]
    assert abs(model.mean[61:] - fitted(60).mean[61:]).max() < 1.5


@pytest.mark.parametrize("kernel", ["fixed", "auto"])
def test_a_restored_model_is_the_same_to_the_bit(kernel) -> None:
    model, again = fitted(30, kernel), Surrogate(SITES, kernel, seed=0)
    model.condition(measured(30, 33))
    again.set_state(json.loads(json.dumps(model.state())))
    for _ in range(2):
        np.testing.assert_array_equal(model.mean, again.mean)
        np.testing.assert_array_equal(model.sigma([99]), again.sigma([99]))
        for each in (model, again):
            each.fit(measured(0, 36))


def test_leaves_the_state_of_torch_alone() -> None:
    before = torch.get_default_dtype(), torch.get_num_threads(), torch.get_rng_state()
    fitted(25, "deep")
    assert (torch.get_default_dtype(), torch.get_num_threads()) == before[:2]
    assert torch.equal(torch.get_rng_state(), before[2])
