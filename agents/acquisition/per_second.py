"""What a candidate is worth for the time it takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def per_second(
    worth: NDArray[np.float64], distance: NDArray[np.float64], point_time: float, travel_time: float
) -> NDArray[np.float64]:
    """Return ``worth / (point_time + travel_time * distance)``, ``(n,)``.

    J. Snoek, H. Larochelle, R. P. Adams, NeurIPS 2012, arXiv:1206.2944, sec. 3.2. Time stands for dose as
    well: a beam that is on while the probe travels and settles damages all the while.

    Parameters
    ----------
    worth
        0 or more, ``(n,)``.
    distance
        From where the probe is [nm], ``(n,)``.
    point_time
        Settling and dwell [s].
    travel_time
        [s/nm].
    """
    return worth / (point_time + travel_time * distance)
