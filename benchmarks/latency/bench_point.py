"""What a point costs beyond its dwell time: two moves, a spectrum read and written to file, an event.

Client and IOC are two processes; every row has its own pair, and the rows take turns, so that what else the
machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

DWELL = 0.01  # [s]
GOAL = 10.0  # [ms] of the first row
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA")}
PACKAGES = ("bluesky", "ophyd", "caproto", "pyepics", "h5py", "numpy")


@dataclass(frozen=True)
class Row:
    """One pair of processes."""

    name: str
    client: str  # "ours", or a naive one with put completion ("complete") or without ("polled")
    plan: str = "messages"  # or "stubs"
    layer: str = "caproto"
    prompt: bool = False  # whether the naive server switches Nagle's algorithm off

    @property
    def needs(self) -> str:
        """The package it can't do without."""
        return "pyepics" if self.layer == "pyepics" else "caproto"


ROWS = (
    Row("stemline", "ours"),
    Row("stemline, plan written with bluesky.plan_stubs", "ours", plan="stubs"),
    Row("stemline, pyepics client", "ours", layer="pyepics"),
    Row("plain IOC, put completion", "complete"),
    Row("plain IOC, put completion, monitors", "complete monitored"),
    Row("plain IOC, no put completion", "polled"),
    Row("plain IOC with TCP_NODELAY, put completion", "complete", prompt=True),
)


def environment() -> dict[str, str]:
    """Return the environment of the processes: one thread each, and nobody else's Channel Access settings."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("EPICS_", "OPHYD_"))}
    return mine | THREADS


@contextlib.contextmanager
def our_ioc(prefix: str, root: Path) -> Iterator[tuple[int, int]]:
    """Run our IOC over the simulated microscope; gives port and process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stemline.devices.ioc"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(json.dumps({"prefix": prefix, "write_root": str(root)}) + "\n")
        process.stdin.flush()
        yield json.loads(process.stdout.readline())["port"], process.pid
        process.stdin.close()
        process.wait(20)


@contextlib.contextmanager
def naive_ioc(prefix: str, root: Path, prompt: bool) -> Iterator[tuple[int, int]]:
    """Run the plain IOC; gives port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.latency.naive_ioc", prefix, str(root / f"{port}.h5"), str(DWELL)]
        + ["prompt" if prompt else "as it is"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment() | {"EPICS_CA_SERVER_PORT": port, "EPICS_CAS_SERVER_PORT": port},
    )
    assert process.stdout is not None
    with process:
        process.stdout.readline()
        yield int(port), process.pid
        process.terminate()


def cpu_of(pid: int) -> float:
    """CPU time of a process and its children so far [s]; NaN where there is no /proc."""
    stats = Path(f"/proc/{pid}/stat")
    if not stats.exists():
        return float("nan")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    user, system = stats.read_text().rpartition(")")[2].split()[11:13]
    own = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_of(int(child)) for child in children)


def take(row: Row, number: int, count: int) -> dict[str, Any]:
    """Take `count` points of one row; checks that the file holds what was read."""
    prefix = f"B{number}:"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ioc = our_ioc(prefix, root) if row.client == "ours" else naive_ioc(prefix, root, row.prompt)
        with ioc as (port, pid):
            before = cpu_of(pid)
            channel_access = {
                "EPICS_CA_ADDR_LIST": f"127.0.0.1:{port}",
                "EPICS_CA_AUTO_ADDR_LIST": "NO",
                "OPHYD_CONTROL_LAYER": row.layer,
            }
            arguments = (row.client, row.plan, prefix, str(root), str(DWELL), str(count))
            client = subprocess.run(
                [sys.executable, "-m", "benchmarks.latency.point_client", *arguments],
                capture_output=True,
                text=True,
                env=environment() | channel_access,
                check=False,
            )
            if client.returncode:
                raise RuntimeError(f"{row.name}: the client failed\n{client.stderr}")
            result: dict[str, Any] = json.loads(client.stdout.splitlines()[-1])
            result["ioc_cpu"] = (cpu_of(pid) - before) / (count + 10)
        newest = max(root.rglob("*.h5"), key=lambda path: path.stat().st_mtime_ns)
        with h5py.File(newest, "r", swmr=True) as file:
            written = file["/entry/data/data"][-count:].sum(axis=1, dtype=float)
        np.testing.assert_allclose(written, result["totals"])
    return result


def summary(row: Row, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum up the rounds of one row; times in ms, the dwell time taken off."""
    if not results:
        return {"name": row.name, "missing": f"pip install {row.needs}"}
    added = (np.concatenate([result["times"] for result in results]) - DWELL) * 1e3
    low, median, high = np.percentile(added, (5, 50, 95))
    return {
        "name": row.name,
        "points": len(added),
        "added_ms": {"p5": low, "median": median, "p95": high},
        "client_cpu_ms": float(np.median([result["cpu"] for result in results])) * 1e3,
        "ioc_cpu_ms": float(np.median([result["ioc_cpu"] for result in results])) * 1e3,
        "stale": sum(result["stale"] for result in results),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Write the rows as a Markdown table."""
    lines = [
        "| | added a point [ms], median | 5 % to 95 % | client CPU [ms] | IOC CPU [ms] | stale events |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        if "missing" in row:
            lines.append(f"| {row['name']} | not run: {row['missing']} | | | | |")
            continue
        added = row["added_ms"]
        lines.append(
            f"| {row['name']} | {added['median']:.1f} | {added['p5']:.1f} to {added['p95']:.1f} "
            f"| {row['client_cpu_ms']:.1f} | {row['ioc_cpu_ms']:.1f} | {row['stale']} of {row['points']} |"
        )
    return "\n".join(lines)


def installed(package: str) -> str | None:
    """Version of a package, None if it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def main() -> int:
    """Run all rows; exit status 1 if the first misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of 100 points, not three of 200")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    rounds, count = (1, 100) if options.quick else (3, 200)
    results: dict[str, list[dict[str, Any]]] = {row.name: [] for row in ROWS}
    number = 0
    for _ in range(rounds):
        for row in ROWS:
            if installed(row.needs) is not None:
                number += 1
                results[row.name].append(take(row, number, count))
    rows = [summary(row, results[row.name]) for row in ROWS]
    report = {
        "benchmark": "latency.point",
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {package: installed(package) for package in PACKAGES},
        "dwell_ms": DWELL * 1e3,
        "goal_ms": GOAL,
        "rows": rows,
    }
    print(table(rows))
    print(f"\ndwell {DWELL * 1e3:g} ms; {report['machine']}; Python {report['python']}; {report['versions']}")
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1))
    median = rows[0]["added_ms"]["median"]
    good = median <= GOAL and rows[0]["stale"] == 0
    print(f"goal: {GOAL:g} ms and nothing stale; {'reached' if good else 'MISSED'} with {median:.1f} ms")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
