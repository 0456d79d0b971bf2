"""What is left of a scan when something dies: catalog server, forwarder, acquiring process, all by kill -9.

The axis takes 10 ms a point. What the catalog has in the end is counted, and its longest stall is that of the
scan, between two points.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.forwarder import ForwarderProcess
from stemline.tiled_config.forwarder.status import last_status
from stemline.tiled_config.journal.recover import recover
from stemline.tiled_config.server import CatalogServer

from .stage import answer, fixed_port, process, setting

SETTLE = 0.01  # [s]
AWAY = 4.0  # [s] how long the server is away
GOAL_STALL, GOAL_TIME = 0.2, 1.05  # [s], and of the scan without a catalog
KILLS = 20


@dataclass(frozen=True)
class SetUp:
    """How documents get into the catalog."""

    name: str
    subscriber: str
    batch: int | None = None


OURS = SetUp("journal and forwarder", "journal")
PEERS = (
    SetUp("TiledWriter with backup, batches of one", "TiledWriter", 1),
    SetUp("TiledWriter with backup, as it comes", "TiledWriter"),
)


class Stage:
    """A catalog, our forwarder, and a scan; a fault is done to them in the middle of the scan."""

    def __init__(self, stack: ExitStack, setup: SetUp, points: int) -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self.journal = self.folder / "journal"
        self.config = fixed_port(self.folder / "catalog")
        self.server = CatalogServer(self.config).start()
        stack.callback(lambda: self.server.stop())
        self.forwarder = ForwarderProcess(self.journal, self.server.uri, self.server.api_key)
        if setup is OURS:
            stack.enter_context(self.forwarder)
            self.wait_for_forwarder()
        told = {
            "subscriber": setup.subscriber,
            "batch": setup.batch,
            "points": points,
            "settle": SETTLE,
            "runs": [True],
            "uri": self.server.uri,
            "key": self.server.api_key,
            "journal": str(self.journal),
            "backup": str(self.folder / "backup"),
        }
        self.scan: subprocess.Popen[str] = stack.enter_context(process("scan_process", told))
        self.uid = answer(self.scan)["uid"]

    def wait_for_forwarder(self) -> None:
        """Wait until it forwards: it imports Tiled for seconds."""
        while (status := last_status(self.journal)) is None or status.pid != self.forwarder.pid:
            time.sleep(0.02)

    def finish(self, setup: SetUp) -> dict[str, Any]:
        """Wait until the catalog has what it will have, and count that."""
        if setup is OURS:
            print(self.forwarder.flush(300) or "all in the catalog", file=sys.stderr)
        runs = connect(self.server.uri, self.server.api_key)
        try:
            run = runs[self.uid]
            rows = (
                run["primary"].base["internal"].read(["seq_num"])["seq_num"].tolist()
                if "primary" in run
                else []
            )
            stop = run.metadata.get("stop") or {}
        except KeyError:
            rows, stop = [], {}
        finally:
            disconnect(runs)
        return {"rows": len(rows), "twice": len(rows) - len(set(rows)), "stop": stop.get("exit_status")}


def kill_server(stage: Stage) -> None:
    """Kill the catalog in the middle of the scan, and start it again."""
    assert stage.server.pid is not None
    os.kill(stage.server.pid, signal.SIGKILL)
    time.sleep(AWAY)
    stage.server.stop()
    stage.server = CatalogServer(stage.config).start()


def kill_forwarder(stage: Stage) -> None:
    """Kill the forwarder at random moments, again and again."""
    moments = random.Random(0)
    for _ in range(KILLS):
        assert stage.forwarder.pid is not None
        os.kill(stage.forwarder.pid, signal.SIGKILL)
        stage.forwarder.stop()
        stage.forwarder.start()
        stage.wait_for_forwarder()
        time.sleep(moments.uniform(0.0, 0.5))


def in_scan(setup: SetUp, fault: Callable[[Stage], None], points: int, at: float) -> dict[str, Any]:
    """Do something to a scan that has been going on for `at` [s], and see what it and the catalog have."""
    with ExitStack() as stack:
        stage = Stage(stack, setup, points)
        time.sleep(at)
        fault(stage)
        result = answer(stage.scan)
        gaps = np.diff(result["taken"])
        found = {"taken": len(result["taken"]), "stall": float(gaps.max()), "seconds": result["seconds"]}
        return found | stage.finish(setup)


def kill_scan(setup: SetUp, points: int, at: float) -> dict[str, Any]:
    """Kill the acquiring process, and recover its run as the next session does."""
    with ExitStack() as stack:
        stage = Stage(stack, setup, points)
        time.sleep(at)
        stage.scan.kill()
        stage.scan.wait()
        found = {"taken": None, "stall": None, "seconds": None}
        if setup is OURS:
            (closed,) = recover(stage.journal)
            found["taken"] = closed.num_events["primary"]
        return found | stage.finish(setup)


def no_catalog(points: int) -> float:
    """Return how long the scan takes without any subscriber [s]."""
    told = {"subscriber": None, "points": points, "settle": SETTLE, "runs": [False]}
    with process("scan_process", told) as scan:
        answer(scan)
        return float(answer(scan)["seconds"])


def table(rows: list[dict[str, Any]]) -> str:
    """Write the rows as a Markdown table."""
    lines = [
        "| kill -9 of | set-up | points taken | rows | there twice | stop document "
        "| longest stall [s] | scan time against no catalog |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        stall = "" if row["stall"] is None else f"{row['stall']:.2f}"
        ratio = "" if row["seconds"] is None else f"{row['seconds'] / row['alone']:.2f}"
        taken = "killed" if row["taken"] is None else row["taken"]
        stop = row["stop"] or "none"
        lines.append(
            f"| {row['fault']} | {row['set_up']} | {taken} | {row['rows']} | {row['twice']} | {stop} "
            f"| {stall} | {ratio} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Do every fault to every set-up; exit status 1 if ours misses a goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ours only")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for setup in (OURS,) if options.quick else (OURS, *PEERS):
        alone = no_catalog(500)
        found = in_scan(setup, kill_server, 500, at=alone / 2)
        rows.append({"fault": "the catalog, half way", "set_up": setup.name, "alone": alone, **found})
        found = kill_scan(setup, 500, at=alone / 4)
        rows.append({"fault": "the acquiring process", "set_up": setup.name, "alone": alone, **found})
    long = 500 if options.quick else 5000
    alone = no_catalog(long)
    found = in_scan(OURS, kill_forwarder, long, at=1.0)
    rows.append({"fault": f"the forwarder, {KILLS} times", "set_up": OURS.name, "alone": alone, **found})
    report = {"benchmark": "catalog.faults", "settle_ms": SETTLE * 1e3, **setting(), "rows": rows}
    print(table(rows))
    print(
        f"\nthe catalog is away for {AWAY:g} s; {report['machine']}; load {report['load']:.1f}; "
        f"{report['versions']}"
    )
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1))
    server, scan, forwarder = (row for row in rows if row["set_up"] == OURS.name)
    good = (
        all(row["rows"] == row["taken"] and row["twice"] == 0 for row in (server, scan, forwarder))
        and (server["taken"], scan["stop"]) == (500, "fail")
        and server["stall"] < GOAL_STALL
        and server["seconds"] < GOAL_TIME * server["alone"]
    )
    verdict = "reached" if good else "MISSED"
    print(f"goal: every point once, no stall of {GOAL_STALL:g} s, time within 5 %: {verdict}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
