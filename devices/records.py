"""The soft devices of a spectroscopy run: what a plan works out, so that its events can hold it."""

from __future__ import annotations

from dataclasses import dataclass

from .decision import Decision
from .prediction import Prediction
from .scalar import Scalar


@dataclass
class Records:
    """One of each; their names are the prefixes of the data keys."""

    scalar: Scalar
    decision: Decision
    prediction: Prediction


def make_records(units: str = "", origin: str = "") -> Records:
    """Make the records of one scalariser.

    Parameters
    ----------
    units
        Of its values.
    origin
        Its name.
    """
    return Records(
        scalar=Scalar(name="scalar", units=units, origin=origin),
        decision=Decision(name="decision"),
        prediction=Prediction(name="prediction", units=units),
    )
