"""Where one would measure without an agent: by rules of thumb on the survey image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def brightest_first(survey: NDArray[np.generic]) -> NDArray[np.intp]:
    """Order the pixels of ``(ny, nx)`` by intensity."""
    return np.argsort(-survey.astype(float).ravel(), kind="stable")


def steepest_first(survey: NDArray[np.generic]) -> NDArray[np.intp]:
    """Order the pixels of ``(ny, nx)`` by the magnitude of the gradient (central differences)."""
    return np.argsort(-np.hypot(*np.gradient(survey.astype(float))).ravel(), kind="stable")
