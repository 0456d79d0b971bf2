"""What makes a candidate worth measuring: closed forms of the predicted mean and sigma, or draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .expected_improvement import expected_improvement
from .lower_confidence_bound import lower_confidence_bound
from .maximum_uncertainty import maximum_uncertainty
from .noisy_expected_improvement import noisy_expected_improvement
from .outlook import Outlook
from .per_second import per_second
from .probability_of_improvement import probability_of_improvement
from .survival import survival
from .thompson import thompson
from .upper_confidence_bound import upper_confidence_bound

__all__ = [
    "ACQUISITIONS",
    "POSITIVE",
    "Outlook",
    "expected_improvement",
    "lower_confidence_bound",
    "maximum_uncertainty",
    "noisy_expected_improvement",
    "per_second",
    "probability_of_improvement",
    "survival",
    "thompson",
    "upper_confidence_bound",
]

Acquisition = Callable[[Outlook], NDArray[np.float64]]

ACQUISITIONS: Mapping[str, Acquisition] = MappingProxyType(
    {
        "expected_improvement": lambda at: expected_improvement(at.mean, at.sigma, at.best),
        "noisy_expected_improvement": lambda at: noisy_expected_improvement(at.mean, at.sigma, at.bests()),
        "probability_of_improvement": lambda at: probability_of_improvement(at.mean, at.sigma, at.best),
        "upper_confidence_bound": lambda at: upper_confidence_bound(at.mean, at.sigma),
        "lower_confidence_bound": lambda at: lower_confidence_bound(at.mean, at.sigma),
        "maximum_uncertainty": lambda at: maximum_uncertainty(at.sigma),
        "thompson": lambda at: thompson(at.path()),
    }
)
"""The candidate with the largest result, ``(n,)``, wins."""

POSITIVE = frozenset(
    {
        "expected_improvement",
        "noisy_expected_improvement",
        "probability_of_improvement",
        "maximum_uncertainty",
    }
)
"""Those that are 0 or more, so that costs can divide them and damage can scale them."""
