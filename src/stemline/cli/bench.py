"""`stemline bench`: what is timed, side by side with peers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="End each within a minute.")] = False,
    only: Annotated[str, typer.Option(help="Run those whose name contains this.")] = "",
) -> None:
    """Run the benchmarks and print their tables; from a checkout only."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "benchmarks").is_dir():
        raise FileNotFoundError(f"no benchmarks/ in {root}: run `stemline bench` from a checkout of stemline")
    scripts = [path.relative_to(root) for path in sorted(root.glob("benchmarks/*/bench_*.py"))]
    every = [".".join(script.with_suffix("").parts) for script in scripts]
    names = [name for name in every if only in name]
    if not names:
        raise ValueError(f"no benchmark's name contains {only!r}: there are {', '.join(every)}")
    for name in names:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", name, *(["--quick"] if quick else [])]
        if code := subprocess.run(command, cwd=root).returncode:
            raise RuntimeError(f"{name} ended with exit code {code}")
