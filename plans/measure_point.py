"""Measure once at one position and reduce it to a number."""

from __future__ import annotations

from typing import Any

import numpy as np
from bluesky.utils import MsgGenerator

from .fixed import Fixed
from .measurement import Measurement, Position
from .messages import checkpoint, put, trigger, value_of
from .protocols import Microscope, PointDetector, Records, Scalar
from .record import declare, record


def declare_points(microscope: Microscope, records: Records, detector: PointDetector) -> MsgGenerator[None]:
    """Describe the events of stream ``primary``, once a run."""
    yield from declare("primary", *_readables(microscope, records, detector))


def measure_point(
    microscope: Microscope,
    records: Records,
    measurement: Measurement,
    position: Position,
    fixed: Fixed | None = None,
) -> MsgGenerator[Scalar]:
    """Move, expose, reduce, record: one event in stream ``primary``.

    The beam is on the specimen during the exposure only (the IOC sees to it). A pause before the exposure is
    over repeats move and exposure; afterwards it repeats nothing that costs dose.

    Parameters
    ----------
    measurement
        What is measured.
    position
        (y, x) [nm] from the centre of the field of view.
    fixed
        What has to be as it was when the run began.

    Raises
    ------
    RuntimeError
        If another client has changed one of these settings; nothing is exposed.
    """
    scanner, detector = microscope.scanner, measurement.detector
    yield from checkpoint()
    if fixed is not None:
        yield from fixed.check()
    yield from put((scanner.y, position[0]), (scanner.x, position[1]))
    yield from trigger(detector)
    yield from checkpoint()
    scalar = measurement.reduce(np.asarray((yield from value_of(measurement.frame))), position)
    yield from put((records.scalar, scalar))
    yield from record("primary", *_readables(microscope, records, detector))
    return scalar


def _readables(microscope: Microscope, records: Records, detector: PointDetector) -> tuple[Any, ...]:
    scanner, beam = microscope.scanner, microscope.beam
    frame = scanner.y, scanner.x, scanner.field_of_view, scanner.rotation
    current = () if beam.current is None else (beam.current,)
    return *frame, records.scalar, detector, *current, beam.electrons
