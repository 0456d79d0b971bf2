"""One process that scans: told how on stdin, prints a line when its run begins and one when it is over."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
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
    """Scan, and say when the points were taken [s since 1970], how long it took and how much CPU [s]."""
    told = json.loads(sys.stdin.readline())
    taken: list[float] = []
    # `settle` is what a real axis takes [s].
    axis = SynAxis(name="axis", delay=told["settle"])
    value = SynGauss("value", axis, "axis", center=0.0, Imax=1.0, sigma=100.0)
    with ExitStack() as stack:
        engine = RunEngine({})
        if (takes := subscriber(told, stack)) is not None:
            engine.subscribe(takes)
        engine.subscribe(lambda _, doc: print(json.dumps({"uid": doc["uid"]}), flush=True), "start")
        engine.subscribe(lambda _, doc: taken.append(time.time()), "event")
        cpu, begin = time.process_time(), time.perf_counter()
        problem = None
        try:
            engine(scan([value], axis, 0.0, told["points"] - 1.0, told["points"]))
        except Exception as error:  # noqa: BLE001 - what the peer does then is the result
            problem = repr(error).splitlines()[0]
        result = {
            "taken": taken,
            "seconds": time.perf_counter() - begin,
            "cpu": time.process_time() - cpu,
            "problem": problem,
        }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
