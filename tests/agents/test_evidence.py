import gpytorch
import numpy as np
import pytest
import torch

from stemline.agents.deep_map import DeepMap
from stemline.agents.evidence import MEAN_VARIANCE, Hyper, most_probable, negative_log_posterior
from stemline.agents.feature_map import Relevance
from stemline.agents.sites import Sites

MAPS = {"fixed": Relevance(4), "deep": DeepMap(4, seed=1)}


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(25, 4))
    values = np.sin(2 * features[:, 0]) + features[:, 1]
    return (
        Sites(features, rng.normal(size=(25, 2))),
        (values - values.mean()) / values.std(),
        np.linspace(0.01, 0.5, 25),
    )


def somewhere(feature_map) -> np.ndarray:
    start = Hyper.start(feature_map).vector
    return start + 0.2 * np.random.default_rng(4).normal(size=len(start))


@pytest.mark.parametrize("name", MAPS)
def test_the_gradient_is_that_of_the_value(data, name) -> None:
    feature_map = MAPS[name]
    at = somewhere(feature_map)
    gradient = negative_log_posterior(at, feature_map, *data)[1]
    step = 1e-5
    for k in np.random.default_rng(5).permutation(len(at))[:12]:
        there, back = at.copy(), at.copy()
        there[k] += step
        back[k] -= step
        values = [negative_log_posterior(v, feature_map, *data)[0] for v in (there, back)]
        assert gradient[k] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5, abs=1e-6)


def test_the_likelihood_is_that_of_a_multivariate_normal(data) -> None:
    sites, values, noise = data
    feature_map = Relevance(4)
    at = somewhere(feature_map)
    hyper = Hyper(at)
    places = hyper.places(feature_map, sites)
    kernel = gpytorch.kernels.MaternKernel(nu=2.5).double()
    kernel.lengthscale = 1.0
    with torch.no_grad():
        by_looks, by_spots = (
            kernel(torch.from_numpy(each)).to_dense() for each in (places.looks, places.spots)
        )
        covariance = hyper.variances[0] * by_looks + hyper.variances[1] * by_spots + MEAN_VARIANCE
    covariance += torch.diag(torch.from_numpy(noise) + hyper.floor)
    normal = torch.distributions.MultivariateNormal(torch.zeros(25).double(), covariance)
    likelihood = float(normal.log_prob(torch.from_numpy(values)))
    # What is left are priors, which do not depend on the values.
    rest = negative_log_posterior(at, feature_map, *data)[0] + likelihood
    other = negative_log_posterior(at, feature_map, sites, -values[::-1], noise)[0]
    flipped = float(normal.log_prob(torch.from_numpy(-values[::-1].copy())))
    assert rest == pytest.approx(other + flipped, rel=1e-9)


@pytest.mark.parametrize("name", MAPS)
def test_the_search_climbs_and_repeats_itself(data, name) -> None:
    start = Hyper.start(MAPS[name])
    found, again = (most_probable(start, MAPS[name], *data, iterations=30) for _ in range(2))
    before, after = (negative_log_posterior(h.vector, MAPS[name], *data)[0] for h in (start, found))
    assert after < before - 1
    np.testing.assert_array_equal(found.vector, again.vector)
