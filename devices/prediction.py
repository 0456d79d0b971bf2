"""What the agent's model expects everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from ophyd import Component as Cpt
from ophyd import Device, Kind
from ophyd.status import Status

from .quantity import Quantity


class Prediction(Device):  # type: ignore[misc]
    """Set it to the model's maps ``(ny, nx)``, then read it.

    Parameters
    ----------
    units
        Of mean and sigma, those of the scalar.
    """

    mean = Cpt(Quantity, value=np.zeros((0, 0)), dims=("y", "x"), kind=Kind.normal)
    sigma = Cpt(Quantity, value=np.zeros((0, 0)), dims=("y", "x"), kind=Kind.normal)

    def __init__(self, prefix: str = "", *, units: str = "", **kwargs: Any) -> None:
        super().__init__(prefix, **kwargs)
        self.mean.units = self.sigma.units = units

    def set(self, maps: tuple[ArrayLike, ArrayLike]) -> Status:
        """Take mean and sigma, each ``(ny, nx)``; done at once.

        Raises
        ------
        ValueError
            If they are not two arrays of one shape ``(ny, nx)``.
        """
        mean, sigma = (np.asarray(one, dtype=np.float64) for one in maps)
        if mean.ndim != 2 or mean.shape != sigma.shape:
            raise ValueError(f"prediction of shapes {mean.shape} and {sigma.shape}: give two maps (ny, nx)")
        self.mean.put(mean)
        self.sigma.put(sigma)
        status = Status(self)
        status.set_finished()
        return status
