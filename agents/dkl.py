"""Deep kernel learning, in the unit of the scalar: standardise, train, predict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .exact_process import ExactProcess

FIRST_STEPS, STEPS = 80, 8  # of Adam: from scratch, and from the last model when points were added
LEARNING_RATE = 0.05
SMALLEST_VARIANCE = 1e-5  # of the noise over that of the values: keeps the Cholesky factor sound
CALIBRATION_PRIOR = 10  # points' worth of belief that sigma needs no correction


class DKL:
    """An exact Gaussian process on an embedding network, trained together by the marginal likelihood.

    A. G. Wilson, Z. Hu, R. Salakhutdinov, E. P. Xing, AISTATS 2016, arXiv:1511.02222.

    Parameters
    ----------
    num_features
        d.
    seed
        Of the network's initial weights.
    """

    def __init__(self, num_features: int, seed: int) -> None:
        self._process = ExactProcess(num_features, torch.Generator().manual_seed(seed))
        # Making the first optimiser loads half of torch, a second's work: now, not while the beam waits.
        torch.optim.Adam(self._process.parameters())
        self._trained = False
        self._offset, self._scale, self._inflation = 0.0, 1.0, 1.0

    def fit(
        self, features: NDArray[np.float64], values: NDArray[np.float64], sigmas: NDArray[np.float64]
    ) -> None:
        """Train on everything measured so far, from where the last training ended.

        Parameters
        ----------
        features
            ``(m, d)``, standardised.
        values, sigmas
            Measured, and their standard deviations, ``(m,)`` each.
        """
        self._condition(features, values, sigmas)
        self._process.train_steps(STEPS if self._trained else FIRST_STEPS, LEARNING_RATE)
        self._calibrate()

    def restore(
        self,
        weights: Mapping[str, list[Any]],
        features: NDArray[np.float64],
        values: NDArray[np.float64],
        sigmas: NDArray[np.float64],
    ) -> None:
        """Be again the model that had `weights` after it was trained on these points."""
        tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in weights.items()}
        self._process.load_state_dict(tensors, strict=False)
        self._condition(features, values, sigmas)
        self._calibrate()

    def predict(
        self, features: NDArray[np.float64], believed: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of the noiseless scalar at `features` ``(n, d)``, ``(n,)`` each.

        The standard deviation is inflated where leaving points out showed that it was too small.

        Parameters
        ----------
        believed
            ``(k, d)``, where measurements are under way: taken to give what is predicted there.
        """
        underway = None if believed is None else torch.from_numpy(believed)
        mean, variance = self._process.posterior(torch.from_numpy(features), underway)
        sigma = self._inflation * variance.sqrt()
        return self._offset + self._scale * mean.numpy(), self._scale * sigma.numpy()

    def weights(self) -> dict[str, list[Any]]:
        """Every learned number, as lists fit for JSON."""
        return {name: value.tolist() for name, value in self._process.learned().items()}

    def _condition(
        self, features: NDArray[np.float64], values: NDArray[np.float64], sigmas: NDArray[np.float64]
    ) -> None:
        spread = float(values.std())
        self._offset, self._scale = float(values.mean()), spread if spread > 0 else 1.0
        variances = np.maximum((sigmas / self._scale) ** 2, SMALLEST_VARIANCE)
        self._process.condition(
            torch.from_numpy(features),
            torch.from_numpy((values - self._offset) / self._scale),
            torch.from_numpy(variances),
        )

    def _calibrate(self) -> None:
        squares = self._process.left_out_scores().square()
        mean_square = (CALIBRATION_PRIOR + float(squares.sum())) / (CALIBRATION_PRIOR + len(squares))
        self._inflation = max(1.0, math.sqrt(mean_square))
        self._trained = True
