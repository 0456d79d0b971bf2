"""An exact Gaussian process on the embedding, with priors that let it learn from few points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gpytorch
import torch
from gpytorch.distributions import MultivariateNormal
from gpytorch.priors import NormalPrior

from .embedding import Embedding

NOISE_FLOOR = 0.05  # typical variance that the counts do not explain, of the values' variance


class ExactProcess(gpytorch.models.ExactGP):  # type: ignore[misc]
    """Constant mean and a Matérn 5/2 kernel on the embedding, for standardised values, in float64.

    The noise of a point is what is known of it plus a learned floor. Length scale, variance and floor have
    log-normal priors.

    Parameters
    ----------
    num_features
        d.
    generator
        Source of the initial weights.
    """

    def __init__(self, num_features: int, generator: torch.Generator) -> None:
        likelihood = gpytorch.likelihoods.FixedNoiseGaussianLikelihood(
            torch.ones(1, dtype=torch.float64), learn_additional_noise=True
        )
        super().__init__(None, None, likelihood)
        self.embedding = Embedding(num_features, generator)
        self.mean_module = gpytorch.means.ConstantMean(constant_prior=_normal(0.0, 1.0))
        self.covar_module = gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(nu=2.5))
        self.double()
        matern, floor = self.covar_module.base_kernel, likelihood.second_noise_covar
        matern.lengthscale, self.covar_module.outputscale, floor.noise = 1.0, 1.0, NOISE_FLOOR
        matern.register_prior("lengthscale_prior", _normal(0.0, 0.7), _log("lengthscale"))
        self.covar_module.register_prior("variance_prior", _normal(0.0, 1.0), _log("outputscale"))
        floor.register_prior("floor_prior", _normal(math.log(NOISE_FLOOR), 1.0), _log("noise"))

    def forward(self, features: torch.Tensor) -> MultivariateNormal:
        """Return the prior of the values at `features` ``(m, d)``."""
        embedded = self.embedding(features)
        return MultivariateNormal(self.mean_module(embedded), self.covar_module(embedded))

    def condition(self, features: torch.Tensor, values: torch.Tensor, variances: torch.Tensor) -> None:
        """Take ``(m, d)``, ``(m,)`` and the known noise ``(m,)`` as what was measured."""
        self.likelihood.noise_covar.noise = variances
        self.set_train_data(features, values, strict=False)

    def train_steps(self, steps: int, learning_rate: float) -> None:
        """Climb the marginal likelihood times the priors by `steps` of Adam."""
        objective = gpytorch.mlls.ExactMarginalLogLikelihood(self.likelihood, self)
        optimiser = torch.optim.Adam(self.parameters(), lr=learning_rate)
        self.train()
        for _ in range(steps):
            optimiser.zero_grad()
            loss = -objective(self(*self.train_inputs), self.train_targets)
            loss.backward()
            optimiser.step()
        self.eval()

    # By hand, since gpytorch's own prediction takes four times as long at 4000 candidates, and more memory.
    @torch.no_grad()
    def posterior(
        self, features: torch.Tensor, believed: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance of the noiseless values at `features` ``(n, d)``, ``(n,)`` each.

        C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1.

        Parameters
        ----------
        believed
            ``(k, d)``, where measurements are under way: taken to give what is predicted there, which leaves
            the mean as it is and lowers the variance.
        """
        (measured,) = self.train_inputs
        embedded = self.embedding(features)
        factor = self._factor(measured, self.likelihood.noise)
        whitened = self._whitened(factor, measured, embedded)
        mean = self.mean_module(embedded) + whitened.T @ _solve(factor, self._residual())
        if believed is not None and len(believed):
            measured = torch.cat([measured, believed])
            floor = self.likelihood.second_noise.expand(len(believed))
            factor = self._factor(measured, torch.cat([self.likelihood.noise, floor]))
            whitened = self._whitened(factor, measured, embedded)
        return mean, (self.covar_module.outputscale - whitened.square().sum(0)).clamp_min(0)

    @torch.no_grad()
    def left_out_scores(self) -> torch.Tensor:
        """Error over standard deviation of each measured value as predicted by the others, ``(m,)``.

        Rasmussen and Williams, eqs. 5.10 to 5.12.
        """
        (measured,) = self.train_inputs
        inverse = torch.cholesky_inverse(self._factor(measured, self.likelihood.noise))
        scores: torch.Tensor = inverse @ self._residual() / inverse.diagonal().sqrt()
        return scores

    def learned(self) -> dict[str, torch.Tensor]:
        """Every learned number, and what the network's weights are held to."""
        starts = self.embedding.named_buffers("embedding", recurse=False)
        return {**dict(self.named_parameters()), **dict(starts)}

    def _residual(self) -> torch.Tensor:
        residual: torch.Tensor = self.train_targets - self.mean_module.constant
        return residual

    def _factor(self, features: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Cholesky factor of the covariance of noisy values at `features`."""
        covariance = self.covar_module(self.embedding(features)).to_dense() + torch.diag(noise)
        factor: torch.Tensor = torch.linalg.cholesky(covariance)
        return factor

    def _whitened(self, factor: torch.Tensor, measured: torch.Tensor, embedded: torch.Tensor) -> torch.Tensor:
        return _solve(factor, self.covar_module(self.embedding(measured), embedded).to_dense())


def _solve(factor: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    columns = right if right.ndim == 2 else right[:, None]
    solved: torch.Tensor = torch.linalg.solve_triangular(factor, columns, upper=False)
    return solved.reshape(right.shape)


def _normal(mean: float, spread: float) -> NormalPrior:
    return NormalPrior(*torch.tensor([mean, spread], dtype=torch.float64))


def _log(name: str) -> Callable[[Any], torch.Tensor]:
    def value(module: Any) -> torch.Tensor:
        return torch.as_tensor(getattr(module, name)).log()

    return value
