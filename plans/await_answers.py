"""Wait, without blocking the RunEngine's event loop, for what is worked on elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from bluesky.utils import Msg, MsgGenerator


def await_answers(*futures: Future[Any], timeout: float, doing: str) -> MsgGenerator[list[Any]]:
    """Wait until all `futures` are done; return their results.

    The futures are submitted once, by the caller: the message only waits, so that it can be repeated after a
    pause. Their exceptions are raised here, since the RunEngine's ``wait_for`` drops them.

    Parameters
    ----------
    timeout
        [s] from the last time the RunEngine started or resumed waiting.
    doing
        What is being waited for, to begin an error message with: "the agent's suggest".

    Raises
    ------
    TimeoutError
        If the futures are not done in time.
    ValueError, RuntimeError
        If one of them failed, by a ValueError or otherwise; the cause is attached.
    """
    try:
        yield Msg("wait_for", None, [_waiter(future) for future in futures], timeout=timeout)
    except TimeoutError:
        raise TimeoutError(
            f"{doing} took longer than {timeout:g} s: raise the timeout, or look in the agent's log"
        ) from None
    return [_result(future, doing) for future in futures]


def _waiter(future: Future[Any]) -> Callable[[], asyncio.Future[None]]:
    # Not asyncio.wrap_future: abandoned by a pause, it would report its exception as never retrieved.
    def wait() -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        def tell(_: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(wake)

        future.add_done_callback(tell)
        return done

    return wait


def _result(future: Future[Any], doing: str) -> Any:
    try:
        return future.result(timeout=0)
    except Exception as error:
        first_line = next(iter(str(error).splitlines()), "")
        if isinstance(error, ValueError):
            raise ValueError(f"{doing} failed: {first_line}") from error
        raise RuntimeError(f"{doing} failed: {type(error).__name__}: {first_line}") from error
