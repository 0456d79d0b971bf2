"""From options to an agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .options import Options
from .random_agent import RandomAgent


def make_agent(
    features: NDArray[np.float64], positions: NDArray[np.float64], options: Mapping[str, Any]
) -> Any:
    """Build the agent that `options` ask for, over candidates with `features` ``(n, d)``.

    Parameters
    ----------
    positions
        Of the candidates, ``(n, 2)`` as (y, x) [nm].
    options
        See `Options`.

    Raises
    ------
    ValueError
        In one line, if an option, a feature or a position is impossible.
    """
    checked = Options.of(options)
    if checked.kind == "random":
        return RandomAgent(features, positions, checked)
    # Here, since it loads torch: some seconds that nobody else should wait for.
    from .dkl_agent import DKLAgent

    return DKLAgent(features, positions, checked)
