"""What is measured at each position, and how it becomes a number: the difference between the experiments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from bluesky.protocols import Readable
from bluesky.utils import MsgGenerator
from numpy.typing import NDArray

from .protocols import Microscope, PointDetector, Scalar

Position = tuple[float, float]  # y, x [nm]


@dataclass(frozen=True)
class Measurement:
    """A detector set up to measure at one position after another.

    Attributes
    ----------
    detector
        Triggered, it measures once.
    frame
        What it measured last.
    reduce
        Makes a number of that, and of the position where it was measured.
    """

    detector: PointDetector
    frame: Readable[Any]
    reduce: Callable[[NDArray[np.generic], Position], Scalar]


class Measure(Protocol):
    """A kind of measurement: `Spectra`, `Patterns`."""

    def detector(self, microscope: Microscope) -> PointDetector:
        """Give the detector it needs.

        Raises
        ------
        ValueError
            In one line, if the microscope has none.
        """
        ...

    def prepare(self, microscope: Microscope) -> MsgGenerator[Measurement]:
        """Read the axes of what will be measured.

        Raises
        ------
        ValueError
            In one line, if these do not hold what is looked at.
        """
        ...

    def parameters(self) -> dict[str, object]:
        """Return how a frame becomes a number, fit for JSON."""
        ...
