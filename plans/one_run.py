"""A run around a plan, closed with the true reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import bluesky.plan_stubs as bps
from bluesky.utils import MsgGenerator, RequestStop, RunEngineControlException

_T = TypeVar("_T")


def one_run(plan: MsgGenerator[_T], md: Mapping[str, Any]) -> MsgGenerator[tuple[str, _T]]:
    """Open a run with metadata `md`, run `plan`, close the run; return its uid and what `plan` returned.

    Unlike ``bluesky.preprocessors.run_wrapper`` it keeps the reason given to ``RunEngine.abort``, and
    tells a run that was stopped, which Bluesky counts as a success, from one that came to its end.
    """
    uid = yield from bps.open_run(dict(md))
    try:
        result = yield from plan
    except RequestStop:
        yield from bps.close_run(exit_status="success", reason="stopped before its end")
        raise
    except RunEngineControlException:
        raise  # the RunEngine closes the run, with the reason it was given
    except Exception as error:
        yield from bps.close_run(exit_status="fail", reason=str(error) or type(error).__name__)
        raise
    yield from bps.close_run()
    return uid, result
