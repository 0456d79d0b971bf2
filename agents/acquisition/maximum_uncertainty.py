"""Pure exploration: measure where least is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def maximum_uncertainty(sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``sigma``, ``(n,)`` in the unit of the scalar.

    For a Gaussian process, the position where a measurement gives most information about the scalar there:
    D. J. C. MacKay, Neural Comput. 4, 590 (1992).
    """
    return sigma
