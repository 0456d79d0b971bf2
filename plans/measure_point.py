"""Measure one spectrum at one position and reduce it to a number."""

from __future__ import annotations

from typing import Any

import numpy as np
from bluesky.utils import MsgGenerator
from numpy.typing import NDArray

from .fixed import Fixed
from .messages import checkpoint, put, trigger, value_of
from .protocols import Microscope, Records, Scalar, Scalariser
from .record import declare, record


def declare_points(microscope: Microscope, records: Records) -> MsgGenerator[None]:
    """Describe the events of stream ``primary``, once a run."""
    yield from declare("primary", *_readables(microscope, records))


def measure_point(
    microscope: Microscope,
    records: Records,
    scalarise: Scalariser,
    energy: NDArray[np.float64],
    position: tuple[float, float],
    fixed: Fixed | None = None,
) -> MsgGenerator[Scalar]:
    """Move, expose, reduce, record: one event in stream ``primary``.

    The beam is on the specimen during the exposure only (the IOC sees to it). A pause before the exposure is
    over repeats move and exposure; afterwards it repeats nothing that costs dose.

    Parameters
    ----------
    energy
        Axis of the spectra ``(energy,)`` [eV].
    position
        (y, x) [nm] from the centre of the field of view.
    fixed
        What has to be as it was when the run began.

    Raises
    ------
    RuntimeError
        If another client has changed one of these settings; nothing is exposed.
    """
    scanner, eels = microscope.scanner, microscope.eels
    yield from checkpoint()
    if fixed is not None:
        yield from fixed.check()
    yield from put((scanner.y, position[0]), (scanner.x, position[1]))
    yield from trigger(eels)
    yield from checkpoint()
    spectrum = np.asarray((yield from value_of(eels.spectrum)))
    scalar = scalarise(spectrum, energy)
    yield from put((records.scalar, scalar))
    yield from record("primary", *_readables(microscope, records))
    return scalar


def _readables(microscope: Microscope, records: Records) -> tuple[Any, ...]:
    scanner, beam = microscope.scanner, microscope.beam
    frame = scanner.y, scanner.x, scanner.field_of_view, scanner.rotation
    current = () if beam.current is None else (beam.current,)
    return *frame, records.scalar, microscope.eels, *current, beam.electrons
