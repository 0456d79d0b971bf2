"""Measurements that all the others speak against."""

from __future__ import annotations

import numpy as np

from .leave_one_out import left_out
from .matern import Array
from .process import Process

WILD = 6.0  # standard deviations off: the model is wrong or the measurement is
AS_IF = 3.0  # standard deviations that such a measurement is off once it is believed less


def wildest(process: Process) -> int | None:
    """Return which measurement is farthest from what the others predict, if that is beyond `WILD`.

    One at a time, since it makes its neighbours look wild too.
    """
    scores = np.abs(left_out(process.factor, process.values).scores)
    worst = int(scores.argmax())
    return worst if scores[worst] > WILD else None


def disbelief(error: Array, variance: Array) -> Array:
    """Return the noise variance to add to measurements, so that their `error` is `AS_IF` standard deviations.

    Parameters
    ----------
    error, variance
        Measured less predicted by the others, and its expected square. Where it is within `WILD`, 0 is added.
    """
    square = np.square(error)
    return np.where(square > WILD**2 * variance, square / AS_IF**2 - variance, 0.0)
