"""Plans as the queue server checks them at submission: types, ranges, and lists of the devices there are."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

from bluesky_queueserver import parameter_annotation_decorator

from stemline.config import Acquisition
from stemline.devices.setpoint import Setpoint

if TYPE_CHECKING:
    from stemline.devices.microscope import Microscope

Plan = Callable[..., Any]
Annotation = dict[str, Any]

MOST_POINTS = 1_000_000  # a spectrum image of 1000 x 1000
PATTERNS = ("fly_4dstem", "adaptive_diffraction", "random_diffraction")  # plans with the pixel-array detector
LONGEST_DELAY = 3600.0  # [s]

# What only Python can pass: a form offers nothing for it, and a name that is sent for it is refused.
HOOKS = dict.fromkeys(("per_shot", "per_step"), {"annotation": "NoneType"})


def annotated(plan: Plan, microscope: Microscope) -> Plan:
    """Give the parameters of a plan, by their names, the types and ranges that they have on this microscope.

    Bluesky's own annotations let any text pass for a device; here it is one of a list, so that an unknown
    device is refused when the plan is submitted.

    Parameters
    ----------
    plan
        A function of Bluesky's, or a method of `stemline.experiments.Experiments`.
    microscope
        Whose devices and limits apply.
    """
    table = _parameters(microscope) | _of_one_plan(plan.__name__, microscope)
    names = [name for name in inspect.signature(plan).parameters if name in table]
    known = {name: _with_devices(table[name], microscope) for name in names}
    wrapped: Plan = parameter_annotation_decorator({"parameters": known})(plan)
    return wrapped


def movables(microscope: Microscope) -> list[str]:
    """Return the names of what can be set: ``scanner.x``, ``optics.defocus``, ..."""
    return [
        f"{device.name}.{name}"
        for device in microscope.devices()
        for name in device.component_names
        if isinstance(getattr(device, name), Setpoint)
    ]


def readables(microscope: Microscope) -> list[str]:
    """Return the names of what can be read: whole devices, and what can be set."""
    return [device.name for device in microscope.devices()] + movables(microscope)


def _parameters(microscope: Microscope) -> dict[str, Annotation]:
    """Parameters that mean the same in all plans."""
    eels, scanner = microscope.eels, microscope.scanner
    return {
        "detectors": {"annotation": "typing.List[Readable]"},
        "sensors": {"annotation": "typing.Optional[typing.List[Readable]]"},
        "actuators": {"annotation": "typing.List[Movable]"},
        "suggestions": {"annotation": "typing.List[typing.Dict[str, typing.Any]]"},
        "num": {"annotation": "int", "min": 1, "max": MOST_POINTS, "step": 1},
        "delay": {"annotation": "float", "min": 0.0, "max": LONGEST_DELAY, "step": 0.1},
        "snake_axes": {"annotation": "typing.Optional[bool]"},
        "num_points": {"annotation": "typing.Optional[int]", "min": 1, "max": MOST_POINTS, "step": 1},
        "dwell_time": {
            "annotation": "typing.Optional[float]",
            "step": 0.001,
            **_range(None if eels is None else eels.acquire_time),
        },
        "field_of_view": {
            "annotation": "typing.Optional[float]",
            "step": 1.0,
            **_range(None if scanner is None else scanner.field_of_view),
        },
        "shape": {
            "annotation": "typing.Optional[typing.List[int]]",
            "step": 1,
            **_range(None if scanner is None else scanner.num_x),
        },
        "seed": {"annotation": "typing.Optional[int]", "min": 0, "max": 2**32 - 1, "step": 1},
        "acquisition": _choice("Acquisition", *get_args(Acquisition)),
        "order": _choice("Order", "raster", "snake"),
        "md": {"annotation": "typing.Optional[typing.Dict[str, typing.Any]]"},
        **HOOKS,
    }


def _of_one_plan(name: str, microscope: Microscope) -> dict[str, Annotation]:
    """Parameters that mean something else in this plan; ``*args`` are devices, each with where to move it."""
    if name == "survey" and microscope.scanner is not None:
        pixel = {
            "annotation": "typing.Optional[float]",
            "step": 1e-6,
            **_range(microscope.scanner.dwell_time),
        }
        return {"dwell_time": pixel}
    if name in PATTERNS and microscope.pixel_array is not None:
        exposure = {
            "annotation": "typing.Optional[float]",
            "step": 1e-4,
            **_range(microscope.pixel_array.acquire_time),
        }
        return {"dwell_time": exposure}
    if name == "mv":
        detector = microscope.pixel_array
        operating = () if detector is None else detector.operating_mode.enum_strs
        mode = {"Mode": ["Frame", "Spot", *operating]}  # of haadf.scan_mode and pixel_array.operating_mode
        return {"args": {"annotation": "typing.Union[Movable, float, Mode]", "enums": mode}}
    where = "typing.List[float]" if name == "list_scan" else "float"
    return {"args": {"annotation": f"typing.Union[Movable, {where}]"}}


def _choice(name: str, *values: str) -> Annotation:
    return {"annotation": f"typing.Optional[{name}]", "enums": {name: list(values)}}


def _range(setting: Setpoint | None) -> Annotation:
    """Give the limits that the IOC has for a setting."""
    if setting is None:
        return {}
    low, high = setting.limits
    known = low is not None and high is not None and math.isfinite(low) and math.isfinite(high) and low < high
    return {"min": low, "max": high} if known else {}


def _with_devices(annotation: Annotation, microscope: Microscope) -> Annotation:
    lists = {"Readable": readables, "Movable": movables}
    used = {name: names(microscope) for name, names in lists.items() if name in annotation["annotation"]}
    return {**annotation, "devices": used} if used else annotation
