"""A run as soon as the catalog has all of it."""

from __future__ import annotations

import time

from tiled.client.container import Container


def wait_for_run(runs: Container, uid: str, timeout: float = 60.0, poll: float = 0.1) -> Container:
    """Wait for a run's stop document, which the catalog gets last.

    Documents reach the catalog behind the experiment: at once as a rule, later if the catalog was away.

    Parameters
    ----------
    runs
        The container of the runs.
    uid
        Of the run.
    timeout
        Longest wait [s].
    poll
        Between two looks at the catalog [s].

    Returns
    -------
    tiled.client.container.Container
        ``runs[uid]``.

    Raises
    ------
    TimeoutError
        If the catalog does not have it in time.
    """
    end = time.monotonic() + timeout
    while True:
        run = _find(runs, uid)
        if run is not None and "stop" in run.metadata:
            return run
        if time.monotonic() > end:
            how_far = "nothing" if run is None else "no stop document"
            raise TimeoutError(
                f"the catalog has {how_far} of run {uid} after {timeout:g} s: does the run still go on, "
                "does `stemline status` show a forwarder?"
            )
        time.sleep(poll)


def _find(runs: Container, uid: str) -> Container | None:
    try:
        return runs[uid]
    except KeyError:
        return None
