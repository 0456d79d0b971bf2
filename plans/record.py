"""One event, exactly once."""

from __future__ import annotations

from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.protocols import Readable
from bluesky.utils import Msg, MsgGenerator


def record(stream: str, *objects: Readable[Any]) -> MsgGenerator[None]:
    """Read `objects` into one event of `stream`.

    A pause that arrives while the event is being saved would replay the messages since the last checkpoint,
    and emit the event a second time under the same ``seq_num``. So these messages are not rewindable: after a
    pause the plan goes on where it was. That is safe as long as none of them waits; describing objects at
    their first reading does, so the stream is declared before.
    """

    def read() -> MsgGenerator[None]:
        yield Msg("create", None, name=stream)
        for readable in objects:
            yield Msg("read", readable)
        yield Msg("save")

    yield from bpp.rewindable_wrapper(read(), False)


def declare(stream: str, *objects: Readable[Any]) -> MsgGenerator[None]:
    """Describe the `objects` that events of `stream` will hold, once."""
    describe = bps.declare_stream(*objects, name=stream)
    yield from bpp.rewindable_wrapper(describe, False)
