"""The embedding network: features scaled by their relevance, plus a learned residual."""

from __future__ import annotations

import math

import gpytorch
import torch
from gpytorch.priors import NormalPrior

HIDDEN = 32
GAIN = 2.0  # brings the typical |scaled features| of 1 into the bend of tanh
RELEVANCE_SPREAD = 1.0  # of log relevance: two of three features within a factor of 2.7
RESIDUAL_SPREAD = 0.3  # of the residual, before the data, in units of a kernel of length scale 1
INITIAL_RESIDUAL = 0.1


class Embedding(gpytorch.Module):  # type: ignore[misc]
    """``z(x) = u + mlp(GAIN * u)`` with ``u = relevance * x / sqrt(d)``: float64, ``(..., d) -> (..., d)``.

    A free network on top of an exact Gaussian process is over-confident with few data (S. W. Ober, C. E.
    Rasmussen, M. van der Wilk, UAI 2021, arXiv:2102.12108). What restrains this one: it starts as, and its
    priors pull it back to, plain relevance determination; it sees the features already scaled by relevance;
    its hidden weights are held to their random start and only the output weights to zero (T. Pearce, F.
    Leibfried, A. Brintrup, AISTATS 2020, arXiv:1810.05546).

    Parameters
    ----------
    num_features
        d.
    generator
        Source of the initial weights.
    """

    def __init__(self, num_features: int, generator: torch.Generator) -> None:
        super().__init__()

        def normal(rows: int, columns: int, scale: float = 1.0) -> torch.Tensor:
            draw = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
            return scale / math.sqrt(rows) * draw

        d = num_features
        self.log_relevance = torch.nn.Parameter(torch.zeros(d, dtype=torch.float64))
        self.hidden_1 = torch.nn.Parameter(normal(d, HIDDEN))
        self.bias_1 = torch.nn.Parameter(torch.zeros(HIDDEN, dtype=torch.float64))
        self.hidden_2 = torch.nn.Parameter(normal(HIDDEN, HIDDEN))
        self.bias_2 = torch.nn.Parameter(torch.zeros(HIDDEN, dtype=torch.float64))
        self.output = torch.nn.Parameter(normal(HIDDEN, d, INITIAL_RESIDUAL))
        # Buffers: a restored agent must be held to the same start.
        self.register_buffer("start_1", self.hidden_1.detach().clone())
        self.register_buffer("start_2", self.hidden_2.detach().clone())

        standard = NormalPrior(*torch.tensor([0.0, 1.0], dtype=torch.float64))
        for name, closure in (
            ("relevance_prior", lambda m: m.log_relevance / RELEVANCE_SPREAD),
            ("hidden_1_prior", lambda m: (m.hidden_1 - m.start_1) * math.sqrt(d)),
            ("hidden_2_prior", lambda m: (m.hidden_2 - m.start_2) * math.sqrt(HIDDEN)),
            ("output_prior", lambda m: m.output * math.sqrt(HIDDEN) / RESIDUAL_SPREAD),
        ):
            self.register_prior(name, standard, closure)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Embed `features` ``(..., d)``."""
        scaled = features * torch.exp(self.log_relevance) / math.sqrt(features.shape[-1])
        hidden = torch.tanh(GAIN * scaled @ self.hidden_1 + self.bias_1)
        hidden = torch.tanh(hidden @ self.hidden_2 + self.bias_2)
        return scaled + hidden @ self.output
