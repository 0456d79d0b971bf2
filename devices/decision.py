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
    trained_on = Cpt(Quantity, value=-1, kind=Kind.normal)  # points
    kernel = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)
    ingested = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # ids that it knew: "0-4,7"
    pending = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # ids that were being measured
    outliers = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # candidates believed less
    random_state = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # before it, of the generator
    fallback = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # what the deadline left
    fallbacks = Cpt(Quantity, value=0, kind=Kind.normal)  # so far
    waited = Cpt(Quantity, value=NAN, units="s", kind=Kind.normal)  # by the plan, for the agent
    electrons = Cpt(Quantity, value=NAN, kind=Kind.normal)  # on the specimen before it
    withdrawn = Cpt(Quantity, value=0, kind=Kind.normal)  # 1: not measured, a person wants something else
    radius = Cpt(Quantity, value=NAN, units="nm", kind=Kind.normal)  # of a veto
    strategy = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # "seed", "pin", "veto", "stop", ...
    reason = Cpt(Quantity, value="", dtype="string", kind=Kind.normal)  # why it stops, or refuses a wish

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
        self.trained_on.put(int(get("_trained_on", -1)))
        for name in ("kernel", "ingested", "pending", "random_state", "fallback"):
            getattr(self, name).put(get(f"_{name}") or "")
        self.outliers.put(",".join(map(str, get("_outliers", ()))))
        self.fallbacks.put(int(get("_fallbacks", 0)))
        self.waited.put(_number(get("_waited")))
        self.electrons.put(_number(get("_electrons")))
        self.withdrawn.put(int(get("_withdrawn", False)))
        self.radius.put(_number(get("_radius")))
        self.strategy.put(str(get("_kind", "")))
        self.reason.put(str(get("_reason", "")))
        status = Status(self)
        status.set_finished()
        return status


def _number(value: float | None) -> float:
    return NAN if value is None else float(value)
