import gpytorch
import numpy as np
import pytest
import torch

from stemline.agents.matern import matern, matern_and_slope, squared_distances


def test_is_gpytorchs() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 3)), rng.normal(size=(7, 3))
    theirs = gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(nu=2.5)).double()
    theirs.outputscale, theirs.base_kernel.lengthscale = 1.7, 1.0
    with torch.no_grad():
        expected = theirs(torch.from_numpy(a), torch.from_numpy(b)).to_dense().numpy()
    np.testing.assert_allclose(matern(squared_distances(a, b), 1.7), expected, rtol=1e-7)


def test_the_slope_is_the_derivative() -> None:
    r2 = np.array([1e-3, 0.4, 9.0])
    slope = matern_and_slope(r2, 2.0)[1]
    step = 1e-6
    numerical = (matern_and_slope(r2 + step, 2.0)[0] - matern_and_slope(r2 - step, 2.0)[0]) / (2 * step)
    np.testing.assert_allclose(slope, numerical, rtol=1e-5)


@pytest.mark.parametrize("far", [0.0, 1e6])
def test_distances_are_never_negative(far) -> None:
    a = np.random.default_rng(1).normal(size=(9, 4)) + far
    r2 = squared_distances(a, a)
    assert np.all(r2 >= 0)
    np.testing.assert_allclose(r2.diagonal(), 0.0, atol=1e-12 * max(far, 1.0) ** 2)
