import gpytorch
import numpy as np
import pytest
import torch

from stemline.agents.evidence import MEAN_VARIANCE, Hyper
from stemline.agents.process import SPARE, Process
from stemline.agents.sites import Sites

HYPER = Hyper(np.log([1.3, 0.02, 0.4, 0.8]))
RNG = np.random.default_rng(0)
PLACES = Sites(RNG.normal(size=(200, 3)), RNG.normal(size=(200, 2)))
INDICES = RNG.permutation(200)[:30]
VALUES, NOISE = np.sin(PLACES.looks[INDICES, 0]), np.linspace(0.01, 0.3, 30)

BOTH = np.hstack([PLACES.looks, PLACES.spots])


def process(points: int = 30) -> Process:
    return Process(PLACES, HYPER, INDICES[:points], VALUES[:points], NOISE[:points])


class Theirs(gpytorch.models.ExactGP):
    def __init__(self):
        x, y = torch.from_numpy(BOTH[INDICES]), torch.from_numpy(VALUES)
        noise = torch.from_numpy(NOISE + HYPER.floor)
        super().__init__(x, y, gpytorch.likelihoods.FixedNoiseGaussianLikelihood(noise))
        self.mean_module = gpytorch.means.ZeroMean()
        self.looks, self.spots = (
            gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(nu=2.5, active_dims=dims))
            for dims in ((0, 1, 2), (3, 4))
        )
        self.constant = gpytorch.kernels.ConstantKernel()
        self.double()
        for kernel, variance in zip((self.looks, self.spots), HYPER.variances, strict=True):
            kernel.outputscale, kernel.base_kernel.lengthscale = variance, 1.0
        self.constant.constant = torch.tensor(MEAN_VARIANCE, dtype=torch.float64)

    def forward(self, x):
        kernel = self.looks(x) + self.spots(x) + self.constant(x)
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), kernel)


def test_the_posterior_is_gpytorchs() -> None:
    with torch.no_grad():
        theirs = Theirs().eval()(torch.from_numpy(BOTH))
    ours = process()
    np.testing.assert_allclose(ours.mean, theirs.mean.numpy(), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.variance, theirs.variance.numpy(), rtol=1e-5, atol=1e-8)
    some = np.array([3, 77, 150])
    expected = theirs.covariance_matrix.numpy()[np.ix_(some, some)]
    np.testing.assert_allclose(ours.covariance(some), expected, rtol=1e-5, atol=1e-8)


def test_appending_is_factorising_anew() -> None:
    anew, grown = process(), process(20)
    for index, value, noise in zip(INDICES[20:], VALUES[20:], NOISE[20:], strict=True):
        grown.append(int(index), float(value), float(noise))
    np.testing.assert_allclose(grown.factor, anew.factor, atol=1e-12)
    np.testing.assert_allclose(grown.mean, anew.mean, atol=1e-12)
    np.testing.assert_allclose(grown.variance, anew.variance, atol=1e-12)


def test_there_is_room_for_as_many_as_come() -> None:
    grown = process(2)
    indices = np.random.default_rng(1).permutation(200)[: SPARE + 10]
    for index in indices:
        grown.append(int(index), 0.3, 0.01)
    everything = np.concatenate([INDICES[:2], indices])
    values, noise = (
        np.r_[VALUES[:2], np.full(len(indices), 0.3)],
        np.r_[NOISE[:2], np.full(len(indices), 0.01)],
    )
    anew = Process(PLACES, HYPER, everything, values, noise)
    np.testing.assert_allclose(grown.mean, anew.mean, atol=1e-9)


def test_what_is_under_way_leaves_the_mean_and_lowers_the_variance() -> None:
    ours, told = process(), process()
    believed = ours.believe([5, 9])
    for index in (5, 9):
        told.append(index, float(told.mean[index]), 0.0)
    np.testing.assert_allclose(told.mean, ours.mean, atol=1e-12)
    np.testing.assert_allclose(believed, told.variance, atol=1e-12)
    assert np.all(believed <= ours.variance)


def test_slack_is_more_covariance_and_is_learned_away() -> None:
    ours = process()
    before = ours.variance.copy()
    slack = 0.3 * np.random.default_rng(2).normal(size=(200, 4))
    ours.loosen(slack)
    np.testing.assert_allclose(ours.variance, before + np.square(slack).sum(1))
    # By the textbook: condition the joint covariance on a measurement.
    joint = ours.covariance(np.arange(200))
    mean = ours.mean.copy()
    pivot = joint[7, 7] + 0.05 + HYPER.floor
    ours.append(7, 2.0, 0.05)
    np.testing.assert_allclose(ours.mean, mean + joint[7] / pivot * (2.0 - mean[7]), atol=1e-10)
    np.testing.assert_allclose(ours.variance, joint.diagonal() - joint[7] ** 2 / pivot, atol=1e-10)


def test_the_same_candidate_twice_without_noise() -> None:
    twice = Process(PLACES, HYPER, np.array([4, 4]), np.array([1.0, 1.1]), np.zeros(2))
    assert np.all(np.isfinite(twice.mean))
    assert twice.mean[4] == pytest.approx(1.05, abs=0.05)
