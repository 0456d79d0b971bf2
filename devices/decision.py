"""What the agent decided, and on what grounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ophyd import Component as Cpt
from ophyd import Device, Kind
from ophyd.status import Status

from .quantity import Quantity

NAN = float("nan")


class Decision(Device):  # type: ignore[misc]
    """Set it to a suggestion, then read it into the stream "decisions".

    What a suggestion does not say reads as NaN, -1 or "".
    """

    id = Cpt(Quantity, value=-1, kind=Kind.normal)
    y = Cpt(Quantity, value=NAN, units="nm", kind=Kind.normal)
    x = Cpt(Quantity, value=NAN, units="nm", kind=Kind.normal)
    mean = Cpt(Quantity, value=NAN, kind=Kind.normal)  # predicted there, before the measurement
    sigma = Cpt(Quantity, value=NAN, kind=Kind.normal)
    acquisition = Cpt(Quantity, value=NAN, kind=Kind.normal)
    model_version = Cpt(Quantity, value=-1, kind=Kind.normal)
    strategy = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # "seed", ...
    reason = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # why the run stops

    def set(self, suggestion: Mapping[str, Any]) -> Status:
        """Take a suggestion as an agent makes it: keys with an underscore, and one a movable."""
        get = suggestion.get
        self.id.put(int(get("_id", -1)))
        self.y.put(_number(get("scanner_y")))
        self.x.put(_number(get("scanner_x")))
        self.mean.put(_number(get("_mean")))
        self.sigma.put(_number(get("_sigma")))
        self.acquisition.put(_number(get("_acquisition")))
        self.model_version.put(int(get("_model_version", -1)))
        self.strategy.put(str(get("_kind", "")))
        self.reason.put(str(get("_reason", "")))
        status = Status(self)
        status.set_finished()
        return status


def _number(value: float | None) -> float:
    return NAN if value is None else float(value)
