"""CPU time of short pieces of work, and what belongs under a table of them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Timed:
    """CPU and wall time of one call [s]: the least CPU, medians of both."""

    least: float
    cpu: float
    wall: float


def timed(work: Callable[[], Any], seconds: float = 0.5) -> Timed:
    """Call `work` once to warm up, then for about so many seconds of CPU, three times or more."""
    work()
    cpu, wall = [], []
    while len(cpu) < 3 or (sum(cpu) < seconds and len(cpu) < 200):
        begin = time.process_time(), time.perf_counter()
        work()
        cpu.append(time.process_time() - begin[0])
        wall.append(time.perf_counter() - begin[1])
    return Timed(min(cpu), float(np.median(cpu)), float(np.median(wall)))


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Write rows of the same keys as a Markdown table; numbers with three digits."""
    keys = list(rows[0])
    lines = [f"| {' | '.join(keys)} |", "|---" * len(keys) + "|"]
    lines += [f"| {' | '.join(_shown(row.get(key)) for key in keys)} |" for row in rows]
    return "\n".join(lines)


def report(name: str, rows: Sequence[dict[str, Any]], packages: Sequence[str], target: Path | None) -> None:
    """Print the machine and the versions, and write all of it to `target`."""
    about = {
        "benchmark": name,
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in packages},
    }
    versions = ", ".join(f"{package} {number}" for package, number in about["versions"].items())
    print(
        f"\n{about['date']}; {about['machine']}, load {about['load']}; Python {about['python']}; {versions}."
    )
    if target is not None:
        plain = [{k: asdict(v) if isinstance(v, Timed) else v for k, v in row.items()} for row in rows]
        target.write_text(json.dumps({**about, "rows": plain}, indent=1))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
