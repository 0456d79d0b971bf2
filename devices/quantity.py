"""A value that the host has worked out: a soft signal with a unit and an origin."""

from __future__ import annotations

from typing import Any

import numpy as np
from ophyd import Signal


class Quantity(Signal):  # type: ignore[misc]
    """Soft signal that describes itself with `units`, `dims` and `source` where they are given.

    Parameters
    ----------
    units
        "" for none.
    origin
        What the value is made by, e.g. the name of a scalariser: the `source` of its data key.
    dims
        Names of the dimensions of an array.
    """

    def __init__(
        self, *, units: str = "", origin: str = "", dims: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        self.units, self.origin, self.dims = units, origin, dims
        super().__init__(**kwargs)

    def describe(self) -> dict[str, dict[str, Any]]:
        """Describe the value."""
        keys: dict[str, dict[str, Any]] = super().describe()
        (key,) = keys.values()
        key["source"] = f"{self.origin or 'soft'}:{self.name}"
        if self.units:
            key["units"] = self.units
        if self.dims:
            key["dims"] = list(self.dims)
        if key["dtype"] == "array":
            key["dtype_numpy"] = np.asarray(self.get()).dtype.str
        return keys
