"""The reason of an abort in the stop document, whichever plan it was."""

from __future__ import annotations

from typing import Any

from bluesky.preprocessors import msg_mutator
from bluesky.utils import Msg, MsgGenerator


def keep_reason(plan: MsgGenerator[Any]) -> MsgGenerator[Any]:
    """Have the stop document of an aborted run say what was given to ``RunEngine.abort``; a preprocessor.

    Bluesky's own plans (``run_wrapper``) close such a run themselves, with no reason. Here the RunEngine
    closes it, at the end of the plan's cleanup, as with `one_run`.
    """
    return msg_mutator(plan, _leave_it_to_the_engine)  # type: ignore[no-any-return]


def _leave_it_to_the_engine(msg: Msg) -> Msg:
    aborted = msg.command == "close_run" and msg.kwargs.get("exit_status") == "abort"
    return Msg("null") if aborted and not msg.kwargs.get("reason") else msg
