"""One process that scans: told how on stdin, prints a line when a run begins and one when it is over."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bluesky import RunEngine
from bluesky.plans import scan
from ophyd.sim import SynAxis, SynGauss


def subscriber(told: dict[str, Any], stack: ExitStack) -> Callable[[str, dict[str, Any]], None] | None:
    """Make what takes the documents: our journal, TiledWriter, or nobody."""
    match told["subscriber"]:
        case "journal":
            from stemline.tiled_config.journal import Journal

            return stack.enter_context(Journal(Path(told["journal"])))
        case "TiledWriter":
            from bluesky_tiled_plugins import TiledWriter

            from stemline.tiled_config.client import connect

            options = {"batch_size": told["batch"]} if told["batch"] else {}
            writer: Any = TiledWriter(
                connect(told["uri"], told["key"]), backup_directory=told["backup"], **options
            )
            return writer  # type: ignore[no-any-return]
    return None


def main() -> None:
    """Scan with and without the subscriber, as often as told.

    Says of each run when the points were taken [s since 1970], how long it took and how much CPU [s].
    """
    told = json.loads(sys.stdin.readline())
    # `settle` is what a real axis takes [s].
    axis = SynAxis(name="axis", delay=told["settle"])
    value = SynGauss("value", axis, "axis", center=0.0, Imax=1.0, sigma=100.0)
    plan = partial(scan, [value], axis, 0.0, told["points"] - 1.0, told["points"])
    with ExitStack() as stack:
        takes = subscriber(told, stack)
        engine = RunEngine({})
        engine.subscribe(lambda _, doc: print(json.dumps({"uid": doc["uid"]}), flush=True), "start")
        for subscribed in told["runs"]:
            token = engine.subscribe(takes) if subscribed and takes is not None else None
            print(json.dumps(run(engine, plan)), flush=True)
            if token is not None:
                engine.unsubscribe(token)
                # The catalog catches up: that is not to slow the next run.
                time.sleep(told.get("pause", 0.0))


def run(engine: RunEngine, plan: Callable[[], Any]) -> dict[str, Any]:
    """Scan once."""
    taken: list[float] = []
    token = engine.subscribe(lambda _, doc: taken.append(time.time()), "event")
    cpu, begin = time.process_time(), time.perf_counter()
    problem = None
    try:
        engine(plan())
    except Exception as error:  # noqa: BLE001 - what the peer does then is the result
        problem = repr(error).splitlines()[0]
    seconds = time.perf_counter() - begin
    engine.unsubscribe(token)
    return {"taken": taken, "seconds": seconds, "cpu": time.process_time() - cpu, "problem": problem}


if __name__ == "__main__":
    main()
