"""A learned embedding: features scaled by their relevance, plus a residual that can't fold the map."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from .feature_map import Relevance
from .matern import Array

HIDDEN = 32
GAIN = 2.0  # brings the typical |scaled features| of 1 into the bend of tanh
RESIDUAL_SPREAD = 0.3  # of the residual, before the data, in units of a kernel of length scale 1
INITIAL_RESIDUAL = 0.1
STEEPEST = 0.9  # Lipschitz constant of the residual: places that differ are never mapped onto each other


class DeepMap:
    """``z = u + g(u)`` with ``u`` the places of `Relevance` and g a network with two hidden layers of tanh.

    A. G. Wilson, Z. Hu, R. Salakhutdinov, E. P. Xing, AISTATS 2016, arXiv:1511.02222. A free network under an
    exact Gaussian process is over-confident with few data (S. W. Ober, C. E. Rasmussen, M. van der Wilk,
    UAI 2021, arXiv:2102.12108). What restrains this one: it starts as, and its priors pull it back to, plain
    relevance determination, with hidden weights held to their random start and output weights to zero
    (T. Pearce, F. Leibfried, A. Brintrup, AISTATS 2020, arXiv:1810.05546); and the spectral norms of its
    layers bound its Lipschitz constant by `STEEPEST` < 1, so that
    ``(1 - STEEPEST) |du| <= |dz| <= (1 + STEEPEST) |du|``: features do not collapse, and what is far from all
    data stays far (J. van Amersfoort et al. 2021, arXiv:2102.11409).

    Parameters
    ----------
    num_features
        d.
    seed
        Of the initial weights.
    """

    def __init__(self, num_features: int, seed: int) -> None:
        d = num_features
        self._relevance = Relevance(d)
        self._shapes = ((d, HIDDEN), (HIDDEN,), (HIDDEN, HIDDEN), (HIDDEN,), (HIDDEN, d))
        self._sizes = [math.prod(shape) for shape in self._shapes]
        self.size = self._relevance.size + sum(self._sizes)
        rng = np.random.default_rng([seed, 2])
        scales = [d**-0.5, 0.0, HIDDEN**-0.5, 0.0, INITIAL_RESIDUAL * HIDDEN**-0.5]
        draws = [scale * rng.normal(size=size) for scale, size in zip(scales, self._sizes, strict=True)]
        self._start = np.concatenate([self._relevance.start(), *draws])
        held = self._start.copy()
        held[self.size - self._sizes[-1] :] = 0.0
        spreads = [d**-0.5, 1.0, HIDDEN**-0.5, 1.0, RESIDUAL_SPREAD * HIDDEN**-0.5]
        self._held = held[self._relevance.size :]
        self._spread = np.concatenate(
            [np.full(size, spread) for size, spread in zip(self._sizes, spreads, strict=True)]
        )

    def start(self) -> Array:
        """Return the relevances' start and random weights, ``(size,)``."""
        return self._start.copy()

    def places(self, parameters: Array, features: Array) -> Array:
        """Return ``(m, d)``."""
        plain, weights = self._split(parameters)
        scaled = self._relevance.places(plain, features)
        with torch.no_grad():
            return np.asarray(self._embed(torch.from_numpy(scaled), torch.from_numpy(weights)).numpy())

    def differentiable(self, parameters: Array, features: Array) -> tuple[Array, Callable[[Array], Array]]:
        """Return `places` and their chain rule."""
        plain, weights = self._split(parameters)
        scaled, plain_chain = self._relevance.differentiable(plain, features)
        inner = torch.from_numpy(scaled).requires_grad_()
        leaf = torch.from_numpy(weights.copy()).requires_grad_()
        embedded = self._embed(inner, leaf)

        def chain(gradient: Array) -> Array:
            by_inner, by_weight = torch.autograd.grad(embedded, (inner, leaf), torch.from_numpy(gradient))
            return np.concatenate([plain_chain(by_inner.numpy()), by_weight.numpy()])

        return embedded.detach().numpy(), chain

    def penalty(self, parameters: Array) -> tuple[float, Array]:
        """Return the negative log prior and its gradient."""
        plain, weights = self._split(parameters)
        value, gradient = self._relevance.penalty(plain)
        pulled = (weights - self._held) / self._spread
        return value + 0.5 * float(pulled @ pulled), np.concatenate([gradient, pulled / self._spread])

    def _split(self, parameters: Array) -> tuple[Array, Array]:
        return parameters[: self._relevance.size], parameters[self._relevance.size :]

    def _embed(self, scaled: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        parts = [
            part.reshape(shape)
            for part, shape in zip(torch.split(weights, self._sizes), self._shapes, strict=True)
        ]
        first, first_bias, second, second_bias, output = parts
        hidden = torch.tanh(GAIN * scaled @ first + first_bias)
        hidden = torch.tanh(hidden @ second + second_bias)
        norms = [torch.linalg.matrix_norm(matrix, 2) for matrix in (first, second, output)]
        steepness = GAIN * norms[0] * norms[1] * norms[2]
        embedded: torch.Tensor = scaled + hidden @ output * (STEEPEST / steepness.clamp_min(STEEPEST))
        return embedded
