"""What happens when a run fails: the beam goes off the specimen and the true reason is told."""

from __future__ import annotations

import logging
from typing import TypeVar

import bluesky.plan_stubs as bps
from bluesky.protocols import Stoppable
from bluesky.utils import FailedStatus, MsgGenerator

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)


def true_reason(plan: MsgGenerator[_T]) -> MsgGenerator[_T]:
    """Run `plan`; where a device failed, raise what it said instead of a ``FailedStatus`` that hides it.

    Raises
    ------
    RuntimeError
        "<device>: <cause>", in one line.
    """
    try:
        return (yield from plan)
    except FailedStatus as failure:
        status = failure.args[0] if failure.args else None
        device = getattr(status, "device", None) or getattr(status, "obj", None)
        cause = failure.__cause__
        said = next(iter(str(cause).splitlines()), "") or type(cause).__name__
        name = getattr(device, "name", "") or "a device"
        raise RuntimeError(said if said.startswith(name) else f"{name}: {said}") from failure


def blank_on_failure(plan: MsgGenerator[_T], microscope: Stoppable) -> MsgGenerator[_T]:
    """Run `plan`; on an error, an abort or a stop, stop `microscope`, which blanks the beam.

    The IOC blanks after each exposure by itself; this cuts short the one that is being made.
    """
    try:
        return (yield from plan)
    except Exception:
        try:
            yield from bps.stop(microscope)
        except Exception as problem:  # what failed may be the IOC itself: the first failure is to be told
            _LOG.error("could not tell the microscope to blank the beam: %s", problem)
        raise
