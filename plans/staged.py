"""A detector that is staged while a plan runs."""

from __future__ import annotations

from typing import TypeVar

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.protocols import Stageable
from bluesky.utils import MsgGenerator

_T = TypeVar("_T")


def staged(plan: MsgGenerator[_T], detector: Stageable) -> MsgGenerator[_T]:
    """Stage `detector`, run `plan`, unstage it whatever happens.

    Unlike ``bluesky.preprocessors.stage_wrapper`` it stages this device, not the one it is part of. It
    belongs inside the run: unstaging ends an exposure that nobody waits for any more, before slow subscribers
    are told of the end, and closes the file, which is complete when the stop document says so.
    """

    def stage_and_run() -> MsgGenerator[_T]:
        yield from bps.stage(detector, wait=True)
        return (yield from plan)

    def unstage() -> MsgGenerator[None]:
        yield from bps.unstage(detector, wait=True)

    return (yield from bpp.finalize_wrapper(stage_and_run(), unstage))  # type: ignore[no-any-return]
