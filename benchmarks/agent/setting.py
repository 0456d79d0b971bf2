"""What a figure depends on besides the code: threads, machine, versions, date."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
PACKAGES = ("torch", "gpytorch", "numpy", "scipy")


def pin_threads(module: str) -> None:
    """Start this process anew, as ``python -m module``, with one thread a library, unless it has that."""
    if any(os.environ.get(name) != value for name, value in THREADS.items()):
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], {**os.environ, **THREADS})


def setting() -> dict[str, Any]:
    """Return machine, date and versions."""
    info = Path("/proc/cpuinfo")
    models = [line for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{models[0].partition(':')[2].strip() if models else platform.processor()}, "
        f"{os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
    }


def describe(found: dict[str, Any]) -> str:
    """Say a setting in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"{found['date']}; {found['machine']}, one thread; Python {found['python']}, {versions}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
