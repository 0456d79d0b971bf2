"""Work that takes its time, in a thread, so that it does not block the event loop of the RunEngine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from bluesky.utils import MsgGenerator

from .await_answers import await_answers
from .protocols import BackgroundProposer

_T = TypeVar("_T")


def in_background(work: Callable[[], _T], *, timeout: float, doing: str) -> MsgGenerator[_T]:
    """Call `work` in a thread and return its answer; see `await_answers` for what is raised."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="plan")
    future: Future[Any] = thread.submit(work)
    thread.shutdown(wait=False)
    (answer,) = yield from await_answers(future, timeout=timeout, doing=doing)
    return answer  # type: ignore[no-any-return]


def with_proposer(
    make: Callable[[], BackgroundProposer],
    use: Callable[[BackgroundProposer], MsgGenerator[_T]],
    *,
    timeout: float,
) -> MsgGenerator[_T]:
    """Make a proposer, run the plan that `use` gives, close the proposer.

    Making and closing one may start and end a process. Nobody waits for the end, which also comes when the
    plan is thrown away, or when `make` ends too late.

    Parameters
    ----------
    timeout
        Longest wait for `make` [s].
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="proposer")
    made = thread.submit(make)

    def close() -> None:
        if made.exception() is None:
            made.result().close()

    try:
        (proposer,) = yield from await_answers(made, timeout=timeout, doing="starting the agent")
        return (yield from use(proposer))
    finally:
        thread.submit(close)
        thread.shutdown(wait=False)
