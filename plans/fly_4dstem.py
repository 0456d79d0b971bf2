"""A diffraction pattern at every pixel of a scan, with the annular detector's image of the same scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.protocols import Flyable, Preparable
from bluesky.utils import MsgGenerator

from .failures import blank_on_failure, true_reason
from .fixed import fix
from .messages import put, value_of
from .one_run import one_run
from .protocols import Detector, Microscope, Setting, Watched
from .record import record
from .staged import staged
from .survey import Frame, frame_metadata, of_the_frame, set_frame

PERIOD = 0.1  # [s] between two references to new patterns: what a consumer sees of a scan that goes on
PATTERNS, IMAGE = "primary", "haadf"  # streams


class PixelArray(Detector, Flyable, Preparable, Protocol):
    """The pixel-array detector; flown, it starts the scan itself and records one pattern a pixel."""

    acquire_time: Setting  # [s] of a pattern
    operating_mode: Watched


class Microscope4D(Microscope, Protocol):
    """What a scan with patterns needs."""

    pixel_array: PixelArray


def fly_4dstem(
    microscope: Microscope4D,
    *,
    shape: tuple[int, int] | None = None,
    field_of_view: float | None = None,
    dwell_time: float | None = None,
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Scan once: a pattern ``(ky, kx)`` a pixel in stream ``primary``, line by line, the image in ``haadf``.

    Parameters
    ----------
    microscope
        With a scanner, an annular and a pixel-array detector.
    shape, field_of_view
        Of the scan; see `Frame`. By default as the scanner is set.
    dwell_time
        Of one pixel, and the exposure of its pattern [s]; by default the pattern's as it is set.
    md
        Metadata for the start document.

    Returns
    -------
    str
        The uid of the run.

    Raises
    ------
    ValueError
        If the instrument has no pixel-array detector, or the scan makes no sense.
    """
    detector = getattr(microscope, "pixel_array", None)
    if detector is None or microscope.haadf is None:
        raise ValueError(
            "fly_4dstem needs a scanner and a pixel-array detector: this instrument has not both"
        )
    asked = Frame(shape, field_of_view, dwell_time)
    frame = yield from true_reason(_set_up(microscope, asked))
    fixed = yield from true_reason(fix(*of_the_frame(microscope)))
    ny, nx = frame.shape or (0, 0)
    start = {
        "plan_name": "fly_4dstem",
        "plan_args": {"shape": shape, "field_of_view": field_of_view, "dwell_time": dwell_time},
        "detectors": ["pixel_array", "haadf"],
        "num_points": ny * nx,
        "scan": frame_metadata(frame),
        **(md or {}),
    }

    def fly() -> MsgGenerator[None]:
        yield from _fly(detector, ny * nx)
        yield from record(IMAGE, microscope.haadf)
        yield from fixed.check()

    inner = staged(staged(fly(), detector), microscope.haadf)
    uid, _ = yield from one_run(true_reason(blank_on_failure(inner, microscope)), start)
    return uid


def _set_up(microscope: Microscope4D, asked: Frame) -> MsgGenerator[Frame]:
    detector = microscope.pixel_array
    if asked.dwell_time is not None:
        yield from put((detector.acquire_time, asked.dwell_time))
    exposure = float((yield from value_of(detector.acquire_time)))
    return (yield from set_frame(microscope, Frame(asked.shape, asked.field_of_view, exposure)))


def _fly(detector: PixelArray, count: int) -> MsgGenerator[None]:
    """Fly; what is in the file when it fails is referred to all the same."""

    def collect(error: Exception) -> MsgGenerator[None]:
        if not isinstance(error.__cause__, TimeoutError):  # an IOC that does not answer is asked no more
            yield from bps.collect(detector, name=PATTERNS)

    def fly() -> MsgGenerator[None]:
        yield from bps.prepare(detector, count, wait=True)
        yield from bps.kickoff(detector, wait=True)
        yield from bps.collect_while_completing(
            flyers=[detector], dets=[detector], flush_period=PERIOD, stream_name=PATTERNS
        )

    yield from bps.declare_stream(detector, name=PATTERNS, collect=True)
    yield from bpp.contingency_wrapper(fly(), except_plan=collect)
