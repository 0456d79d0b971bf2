"""How many points a second a scan takes with the journal, against no subscriber at all.

A scan of a simulated motor and detector in the RunEngine; the rows take short turns in one process, so that
what else the machine does falls on all of them. What was kept is compared with what was emitted.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")}
os.environ.update(THREADS)

import numpy as np  # noqa: E402 - numpy reads the number of threads when it is imported
import orjson  # noqa: E402
from bluesky import RunEngine  # noqa: E402
from bluesky.callbacks.json_writer import JSONLinesWriter  # noqa: E402
from bluesky.plans import scan  # noqa: E402
from event_model import NumpyEncoder  # noqa: E402
from ophyd.sim import det, motor  # noqa: E402

from stemline.tiled_config.journal import Journal  # noqa: E402
from stemline.tiled_config.journal.file import encode, read  # noqa: E402

GOAL = 0.8  # of the points a second without a subscriber
PACKAGES = ("bluesky", "ophyd", "event-model", "orjson", "numpy")

Document = tuple[str, dict[str, Any]]
Subscriber = Callable[[str, dict[str, Any]], None]


class SyncedInline:
    """The plain way: append a line, sync, return."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, doc: dict[str, Any]) -> None:
        """Keep a document."""
        if name == "start":
            self._file = (self._folder / f"{doc['uid']}.jsonl").open("wb")
        self._file.write(encode(name, doc))
        self._file.flush()
        os.fdatasync(self._file.fileno())
        if name == "stop":
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


NOTHING, OURS = "no subscriber", "journal"
ROWS: dict[str, Callable[[Path], AbstractContextManager[Subscriber | None]]] = {
    NOTHING: lambda folder: nullcontext(),
    OURS: Journal,
    "line and fdatasync in the RunEngine's thread": SyncedInline,
    "bluesky's JSONLinesWriter (never synced)": lambda folder: nullcontext(JSONLinesWriter(str(folder))),
}


def take(name: str, count: int) -> dict[str, Any]:
    """Scan `count` points with the subscriber of one row; checks what it kept."""
    emitted: list[Document] = []
    times: list[float] = []

    def watch(kind: str, doc: dict[str, Any]) -> None:
        emitted.append((kind, doc))
        if kind == "event":
            times.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        engine = RunEngine(call_returns_result=False)
        with ROWS[name](Path(folder)) as subscriber:
            if subscriber is not None:
                engine.subscribe(subscriber)
            engine.subscribe(watch)
            cpu = time.process_time()
            engine(scan([det], motor, -1, 1, count))
            cpu = time.process_time() - cpu
        if name == OURS:
            (path,) = Path(folder).iterdir()
            if read(path)[0] != [
                (kind, json.loads(json.dumps(doc, cls=NumpyEncoder))) for kind, doc in emitted
            ]:
                raise RuntimeError("the journal is not what was emitted")
        # The engine's event loop has a thread of its own.
        engine.loop.call_soon_threadsafe(engine.loop.stop)
    intervals = np.diff(times)
    return {"rate": len(intervals) / intervals.sum(), "intervals": intervals * 1e3, "cpu": cpu / count * 1e3}


def summary(name: str, results: list[dict[str, Any]], alone: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum up the rounds of one row; times in ms."""
    ratios = [mine["rate"] / other["rate"] for mine, other in zip(results, alone, strict=True)]
    intervals = np.concatenate([result["intervals"] for result in results])
    return {
        "name": name,
        "events": len(intervals),
        "rate": float(np.median([result["rate"] for result in results])),
        "ratio": float(np.median(ratios)),
        "ratios": list(np.quantile(ratios, (0.25, 0.75))),
        "median_ms": float(np.median(intervals)),
        "longest_ms": float(intervals.max()),
        "cpu_ms": float(np.median([result["cpu"] for result in results])),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Write the rows as a Markdown table."""
    lines = [
        "| | events/s | of no subscriber | quartiles | an event [ms], median | longest | CPU an event [ms] |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        low, high = row["ratios"]
        lines.append(
            f"| {row['name']} | {row['rate']:.0f} | {row['ratio']:.2f} | {low:.2f} to {high:.2f} "
            f"| {row['median_ms']:.2f} | {row['longest_ms']:.0f} | {row['cpu_ms']:.2f} |"
        )
    return "\n".join(lines)


def encoders() -> dict[str, dict[str, float]]:
    """Time of encoding an event, and the two maps at the end of a run [us]."""
    row = {"scanner_x": 1.25, "scanner_y": np.float64(-3.5), "scalar_value": 0.1, "eels_total": 12345.0}
    maps = {
        key: np.random.default_rng(0).normal(size=(64, 64)) for key in ("prediction_mean", "prediction_sigma")
    }
    ways: dict[str, Callable[[Document], bytes]] = {
        "journal": lambda document: encode(*document),
        "json, event_model's NumpyEncoder": lambda document: json.dumps(document, cls=NumpyEncoder).encode(),
        # NaN becomes null, so it can't take the journal's place.
        "orjson": lambda document: orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY),
    }
    figures = {}
    for name, way in ways.items():
        figures[name] = {}
        for what, data, count in (("event", row, 2000), ("maps", maps, 20)):
            document = (
                "event",
                {"uid": "e", "data": data, "timestamps": dict.fromkeys(data, 1.7e9), "seq_num": 1},
            )
            durations = []
            for _ in range(5):
                begin = time.perf_counter()
                for _ in range(count):
                    way(document)
                durations.append((time.perf_counter() - begin) / count * 1e6)
            figures[name][what] = min(durations)
    return figures


def main() -> int:
    """Run all rows; exit status 1 if the journal misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 rounds of 80 points, not 50 of 200")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    rounds, count = (30, 80) if options.quick else (50, 200)
    take(NOTHING, 50)
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in ROWS}
    for _ in range(rounds):
        for name in ROWS:
            results[name].append(take(name, count))
    rows = [summary(name, results[name], results[NOTHING]) for name in ROWS]
    report = {
        "benchmark": "journal",
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
        "goal": GOAL,
        "rows": rows,
        "encoders_us": encoders(),
    }
    print(table(rows))
    print("\n| encoder | event [us] | two maps of 64 x 64 [us] |\n|---|---|---|")
    for name, figures in report["encoders_us"].items():
        print(f"| {name} | {figures['event']:.0f} | {figures['maps']:.0f} |")
    print(
        f"\n{report['machine']}, load {report['load']:.1f}; Python {report['python']}; {report['versions']}"
    )
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1))
    ratio = rows[list(ROWS).index(OURS)]["ratio"]
    verdict = "reached" if ratio >= GOAL else "MISSED"
    print(f"goal: {GOAL:g} of the events/s with no subscriber; {verdict} with {ratio:.2f}")
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
