"""What makes a candidate worth measuring: closed forms of the predicted mean and standard deviation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .expected_improvement import expected_improvement
from .maximum_uncertainty import maximum_uncertainty
from .upper_confidence_bound import upper_confidence_bound

__all__ = ["ACQUISITIONS", "expected_improvement", "maximum_uncertainty", "upper_confidence_bound"]

Acquisition = Callable[[NDArray[np.float64], NDArray[np.float64], float], NDArray[np.float64]]

ACQUISITIONS: Mapping[str, Acquisition] = MappingProxyType(
    {
        "expected_improvement": expected_improvement,
        "upper_confidence_bound": lambda mean, sigma, best: upper_confidence_bound(mean, sigma),
        "maximum_uncertainty": lambda mean, sigma, best: maximum_uncertainty(sigma),
    }
)
"""Of mean ``(n,)``, sigma ``(n,)`` and the best value so far; the largest result, ``(n,)``, wins."""
