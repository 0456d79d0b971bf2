"""How fast a scan is while its points go to the catalog, and how soon another process is told of them.

A scan of a simulated axis and detector, without any waiting, in a process of its own; the catalog and a
subscriber to it run beside it. Runs with and without the documents going there take turns in the same
process, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.forwarder import ForwarderProcess
from stemline.tiled_config.server import CatalogServer

from .stage import answer, fixed_port, process, setting

GOAL = 0.8  # of the events a second without a subscriber
GOAL_LATENCY = 100.0  # [ms], median
# After the last event; a catalog that is further behind has lost the race.
PATIENCE = 120.0  # [s]
# Between a run that goes to the catalog and one that does not.
PAUSE = 2.0  # [s]


@dataclass(frozen=True)
class Row:
    """One way to get documents into the catalog."""

    name: str
    subscriber: str | None
    batch: int | None = None
    forwarded: bool = False

    @property
    def in_catalog(self) -> bool:
        """Whether the run arrives there."""
        return self.forwarded or self.subscriber == "TiledWriter"


ROWS = (
    Row("journal and forwarder", "journal", forwarded=True),
    Row("journal alone, no forwarder", "journal"),
    Row("TiledWriter, batches of one", "TiledWriter", 1),
    Row("TiledWriter as it comes", "TiledWriter"),
)


def take(row: Row, turns: int, count: int) -> list[dict[str, Any]]:
    """Scan in turns, and compare what the catalog has with what was measured; one result a turn."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(CatalogServer(fixed_port(folder / "catalog")))
        told = {"uri": server.uri, "key": server.api_key}
        if row.forwarded:
            stack.enter_context(ForwarderProcess(folder / "journal", server.uri, server.api_key))
        listener = stack.enter_context(process("subscriber_process", told))
        answer(listener)
        # The forwarder imports Tiled for seconds.
        time.sleep(5)
        settings = {
            "subscriber": row.subscriber,
            "batch": row.batch,
            "points": count,
            "settle": 0.0,
            "runs": [False, True] * turns,
            "pause": PAUSE,
            "journal": str(folder / "journal"),
            "backup": None,
        }
        scan = stack.enter_context(process("scan_process", told | settings))
        results = []
        for _ in range(turns):
            answer(scan)
            bare = answer(scan)
            uid = answer(scan)["uid"]
            results.append({"uid": uid, "bare": bare, **answer(scan)})
            if row.in_catalog:
                results[-1]["behind"] = wait_for_stop(server, uid, count)
        assert listener.stdin is not None
        listener.stdin.close()
        came = answer(listener)
        for result in results:
            result["late"] = [1e3 * (now - then) for then, now in came.get(result["uid"], [])]
    return results


def wait_for_stop(server: CatalogServer, uid: str, count: int) -> float:
    """Return how long after the scan the catalog has all of it [s]; raises if it is not right then."""
    begin = time.perf_counter()
    runs = connect(server.uri, server.api_key)
    try:
        while "stop" not in runs[uid].metadata:
            if time.perf_counter() - begin > PATIENCE:
                raise RuntimeError(f"run {uid} is not in the catalog")
            time.sleep(0.1)
        behind = time.perf_counter() - begin
        table = runs[uid]["primary"].base["internal"].read(["seq_num", "axis"])
        assert table["seq_num"].tolist() == list(range(1, count + 1))
        assert np.allclose(table["axis"], np.arange(count))
    finally:
        disconnect(runs)
    return behind


def summary(row: Row, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum up the turns of one row."""
    rates = [len(result["taken"]) / result["seconds"] for result in results]
    bare = [len(result["bare"]["taken"]) / result["bare"]["seconds"] for result in results]
    late = [ms for result in results for ms in result["late"]]
    return {
        "name": row.name,
        "bare_s": statistics.median(bare),
        "events_s": statistics.median(rates),
        "range": [min(rates), max(rates)],
        "ratio": statistics.median(rates) / statistics.median(bare),
        "cpu_ms": 1e3 * statistics.median(result["cpu"] / len(result["taken"]) for result in results),
        "late_ms": np.percentile(late, (5, 50, 95)).tolist() if late else None,
        "behind_s": statistics.median(result["behind"] for result in results) if row.in_catalog else None,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Write the rows as a Markdown table."""
    lines = [
        "| | events/s without a subscriber | events/s with it | range | ratio "
        "| CPU of the scan [ms an event] | event to subscriber [ms], median | 5 % to 95 % "
        "| complete after [s] |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, median, high = row["late_ms"] or (None, None, None)
        late = f"{median:.0f} | {low:.0f} to {high:.0f}" if row["late_ms"] else " | "
        behind = "" if row["behind_s"] is None else f"{row['behind_s']:.1f}"
        slowest, fastest = row["range"]
        lines.append(
            f"| {row['name']} | {row['bare_s']:.0f} | {row['events_s']:.0f} | {slowest:.0f} to {fastest:.0f} "
            f"| {row['ratio']:.2f} | {row['cpu_ms']:.2f} | {late} | {behind} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Run all rows; exit status 1 if ours misses a goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ours only, three turns")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    turns, count, chosen = (3, 1000, ROWS[:1]) if options.quick else (8, 1000, ROWS)
    rows: list[dict[str, Any]] = []
    for row in chosen:
        slow = row.batch is not None
        rows.append(summary(row, take(row, min(turns, 2) if slow else turns, count // 5 if slow else count)))
    report = {"benchmark": "catalog.throughput", "points": count, "turns": turns, **setting(), "rows": rows}
    print(table(rows))
    print(
        f"\n{turns} x {count} points, 2 x {count // 5} with batches of one; {report['machine']}; "
        f"load {report['load']:.1f}; {report['versions']}"
    )
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1))
    ours = rows[0]
    late = ours["late_ms"][1] if ours["late_ms"] else float("inf")
    good = ours["ratio"] >= GOAL and late < GOAL_LATENCY
    print(
        f"goal: {GOAL:g} and {GOAL_LATENCY:g} ms; {'reached' if good else 'MISSED'} "
        f"with {ours['ratio']:.2f} and {late:.0f} ms"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
