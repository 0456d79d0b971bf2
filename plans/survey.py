"""An overview image: the whole field of view with the annular detector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from bluesky.utils import MsgGenerator
from numpy.typing import NDArray

from .failures import blank_on_failure, true_reason
from .fixed import Fixed, fix
from .messages import checkpoint, put, trigger, value_of
from .one_run import one_run
from .protocols import Microscope, Setting, Watched
from .record import declare, record
from .staged import staged


@dataclass(frozen=True)
class Frame:
    """The raster of a survey; what is None stays as the scanner has it.

    Attributes
    ----------
    shape
        ``(ny, nx)`` pixels.
    field_of_view
        Extent along x [nm]; pixels are square.
    dwell_time
        Of one pixel [s].
    """

    shape: tuple[int, int] | None = None
    field_of_view: float | None = None
    dwell_time: float | None = None

    def __post_init__(self) -> None:
        if self.shape is not None and (len(self.shape) != 2 or min(self.shape) < 1):
            raise ValueError(
                f"survey shape {self.shape}: two numbers of pixels (ny, nx) of at least 1 are needed"
            )
        for name, unit in (("field_of_view", "nm"), ("dwell_time", "s")):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} of the survey is {value:g} {unit}: it has to be above 0")

    @property
    def pixel_size(self) -> float:
        """Of a frame whose values are known [nm]."""
        if self.shape is None or self.field_of_view is None:
            raise ValueError("the frame of the survey is not set")
        return self.field_of_view / self.shape[1]


def survey(
    microscope: Microscope,
    *,
    shape: tuple[int, int] | None = None,
    field_of_view: float | None = None,
    dwell_time: float | None = None,
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Take one overview image: a run with one event in stream ``survey``.

    Parameters
    ----------
    microscope
        With a scanner and an annular detector.
    shape, field_of_view, dwell_time
        See `Frame`; by default as the scanner is set.
    md
        Metadata for the start document.

    Returns
    -------
    str
        The uid of the run.
    """
    asked = Frame(shape, field_of_view, dwell_time)
    frame = yield from true_reason(set_frame(microscope, asked))
    fixed = yield from true_reason(fix(*of_the_frame(microscope)))
    start = {
        "plan_name": "survey",
        "plan_args": {"shape": shape, "field_of_view": field_of_view, "dwell_time": dwell_time},
        "detectors": ["haadf"],
        "num_points": 1,
        "survey": frame_metadata(frame),
        **(md or {}),
    }

    inner = staged(take_survey(microscope, frame, fixed), microscope.haadf)
    uid, _ = yield from one_run(true_reason(blank_on_failure(inner, microscope)), start)
    return uid


def set_frame(microscope: Microscope, frame: Frame) -> MsgGenerator[Frame]:
    """Set the scanner to `frame`; return the frame it then has, all values known."""
    scanner = microscope.scanner
    settings: list[tuple[Setting, Any]] = [(microscope.haadf.scan_mode, "Frame")]
    if frame.shape is not None:
        settings += [(scanner.num_y, frame.shape[0]), (scanner.num_x, frame.shape[1])]
    if frame.field_of_view is not None:
        settings += [(scanner.field_of_view, frame.field_of_view)]
    if frame.dwell_time is not None:
        settings += [(scanner.dwell_time, frame.dwell_time)]
    yield from put(*settings)
    ny = yield from value_of(scanner.num_y)
    nx = yield from value_of(scanner.num_x)
    field_of_view = yield from value_of(scanner.field_of_view)
    dwell_time = yield from value_of(scanner.dwell_time)
    return Frame((int(ny), int(nx)), float(field_of_view), float(dwell_time))


def of_the_frame(microscope: Microscope) -> tuple[Watched, ...]:
    """Give the settings of the frame that must not change while it counts."""
    scanner = microscope.scanner
    return scanner.field_of_view, scanner.rotation, scanner.dwell_time


def take_survey(microscope: Microscope, frame: Frame, fixed: Fixed) -> MsgGenerator[NDArray[np.float64]]:
    """Measure the image ``(ny, nx)``: one event in stream ``survey``, with its field of view.

    Raises
    ------
    ValueError
        If the image is not of the frame's shape or not finite.
    RuntimeError
        If another client has changed one of the `fixed` settings; the event says what they are now.
    """
    readables = microscope.haadf, microscope.scanner.field_of_view, microscope.scanner.rotation
    yield from declare("survey", *readables)
    yield from checkpoint()
    yield from trigger(microscope.haadf)
    yield from checkpoint()
    flat = np.asarray((yield from value_of(microscope.haadf.image)), dtype=np.float64)
    yield from record("survey", *readables)
    yield from fixed.check()
    ny, nx = frame.shape or (0, 0)
    if flat.size != ny * nx:
        raise ValueError(f"the survey has {flat.size} pixels, not {ny} x {nx}: check the scan settings")
    if not np.isfinite(flat).all():
        bad = int(np.count_nonzero(~np.isfinite(flat)))
        raise ValueError(f"{bad} of {flat.size} survey pixels are not finite: check the HAADF detector")
    return flat.reshape(ny, nx)


def frame_metadata(frame: Frame) -> dict[str, Any]:
    """Give the frame as a start document has it."""
    return {
        "shape": list(frame.shape or ()),
        "field_of_view": frame.field_of_view,
        "dwell_time": frame.dwell_time,
    }
