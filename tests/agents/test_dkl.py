import numpy as np
import pytest
import torch

from stemline.agents.dkl import DKL


def bumps(x):
    return 3 + 2 * np.exp(-2 * (x[:, 0] - 0.5) ** 2) + 0.3 * x[:, 1]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 8))
    return x, bumps(x), rng


def test_predicts_what_it_has_not_seen(data) -> None:
    x, truth, rng = data
    values = truth[:80] + rng.normal(0, 0.05, 80)
    model = DKL(8, seed=0)
    model.fit(x[:80], values, np.full(80, 0.05))
    mean, sigma = model.predict(x[80:])
    assert np.corrcoef(mean, truth[80:])[0, 1] > 0.9
    assert np.mean(np.abs(mean - truth[80:]) < 2 * sigma) > 0.85


def test_is_linear_in_the_unit_of_the_scalar(data) -> None:
    x, truth, _ = data
    predictions = []
    for scale, offset in ((1.0, 0.0), (1e6, -5e6), (1e-6, 1e-3)):
        model = DKL(8, seed=0)
        model.fit(x[:40], scale * truth[:40] + offset, np.full(40, 0.05 * scale))
        mean, sigma = model.predict(x[40:])
        predictions.append(((mean - offset) / scale, sigma / scale))
    for mean, sigma in predictions[1:]:
        np.testing.assert_allclose(mean, predictions[0][0], rtol=1e-5)
        np.testing.assert_allclose(sigma, predictions[0][1], rtol=1e-5)


def test_believes_a_noisy_point_less(data) -> None:
    x, truth, _ = data
    values = truth[:30].copy()
    values[4] += 5.0
    errors = []
    for sigma in (0.01, 5.0):
        model = DKL(8, seed=0)
        sigmas = np.full(30, 0.01)
        sigmas[4] = sigma
        model.fit(x[:30], values, sigmas)
        errors.append(abs(float(model.predict(x[4:5])[0][0]) - truth[4]))
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("values", [np.full(5, 7.0), np.array([1.0, 1.0, 1.0, 1.0, 1.0 + 1e-12])])
def test_values_that_are_all_alike(data, values) -> None:
    x = data[0]
    model = DKL(8, seed=0)
    model.fit(x[:5], values, np.zeros(5))
    mean, sigma = model.predict(x)
    np.testing.assert_allclose(mean, values[0], atol=1e-6)
    assert np.all(np.isfinite(sigma))


def test_the_same_point_twice_without_noise(data) -> None:
    x, truth, _ = data
    model = DKL(8, seed=0)
    model.fit(x[[0, 0, 0, 1]], truth[[0, 0, 0, 1]], np.zeros(4))
    assert np.all(np.isfinite(model.predict(x)))


def test_leaves_the_state_of_torch_alone(data) -> None:
    x, truth, _ = data
    before = torch.get_default_dtype(), torch.get_num_threads(), torch.get_rng_state()
    DKL(8, seed=5).fit(x[:9], truth[:9], np.zeros(9))
    assert (torch.get_default_dtype(), torch.get_num_threads()) == before[:2]
    assert torch.equal(torch.get_rng_state(), before[2])


def test_a_restored_model_predicts_and_trains_the_same(data) -> None:
    x, truth, _ = data
    points = x[:20], truth[:20], np.full(20, 0.01)
    model, again = DKL(8, seed=0), DKL(8, seed=99)
    model.fit(*points)
    again.restore(model.weights(), *points)
    for _ in range(2):
        np.testing.assert_array_equal(model.predict(x), again.predict(x))
        points = x[:21], truth[:21], np.full(21, 0.01)
        model.fit(*points)
        again.fit(*points)
