import gpytorch
import numpy as np
import torch

from stemline.agents.sites import TYPICAL_REACH, Sites, covariance


def test_the_covariance_is_the_sum_of_gpytorchs() -> None:
    rng = np.random.default_rng(0)
    a, b = (Sites(rng.normal(size=(n, 3)), rng.normal(size=(n, 2))) for n in (40, 7))
    kernel = gpytorch.kernels.MaternKernel(nu=2.5).double()
    kernel.lengthscale = 1.0
    with torch.no_grad():
        looks, spots = (
            kernel(torch.from_numpy(one), torch.from_numpy(other)).to_dense().numpy()
            for one, other in ((a.looks, b.looks), (a.spots, b.spots))
        )
    np.testing.assert_allclose(covariance(a, b, (1.7, 0.4)), 1.7 * looks + 0.4 * spots, rtol=1e-7)


def test_positions_are_in_units_of_a_reach_wherever_they_are_and_whatever_they_cover() -> None:
    positions = np.stack(np.meshgrid(np.arange(5.0), np.arange(11.0)), axis=-1).reshape(-1, 2)
    looks = np.zeros((55, 1))
    spots = Sites.of(looks, positions).spots
    np.testing.assert_allclose(Sites.of(looks, 40.0 * positions + 7.0).spots, spots)
    np.testing.assert_allclose(np.ptp(spots, axis=0).max(), 1 / TYPICAL_REACH)
    assert np.all(Sites.of(looks[:1], positions[:1]).spots == 0)
