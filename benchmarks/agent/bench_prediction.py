"""How well the agent and its peers predict a map from the same random points, on three kinds of specimen.

Judged on all positions that were not measured: correlation with the noiseless truth, and the share of it, and
of new noisy measurements, within 1.96 standard deviations.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.agent.defect_lattice import defect_lattice
from benchmarks.agent.domain_walls import domain_walls
from benchmarks.agent.predictors import (
    ATOMAI,
    OURS,
    PEERS,
    Field,
    Points,
    Predicted,
    Predictor,
    atomai,
    missing,
)
from benchmarks.agent.setting import describe, pin_threads, setting, table
from benchmarks.agent.simulated_field import simulated_field

KINDS: dict[str, Callable[..., Field]] = {
    "particles": simulated_field,
    "defect lattice": defect_lattice,
    "domain walls": domain_walls,
}
SIZES = (50, 100, 200)  # points
WITHIN = 1.96


def judge(field: Field, points: Points, found: Predicted, rng: np.random.Generator) -> dict[str, float]:
    """Compare a map with what was not measured."""
    rest = np.setdiff1d(np.arange(len(field.truth)), points.indices)
    truth, mean = field.truth[rest], found.mean[rest]
    r = float(np.corrcoef(mean, truth)[0, 1]) if np.ptp(mean) > 0 else 0.0
    judged = {"r": r, "nrmse": float(np.sqrt(np.mean((mean - truth) ** 2)) / truth.std())}
    if found.sigma is not None:
        sigma = found.sigma[rest]
        new, noise = np.array([field.measure(int(i), rng) for i in rest]).T
        if found.noise is not None:
            noise = np.full(len(rest), found.noise)
        judged["covers_truth"] = float(np.mean(np.abs(truth - mean) < WITHIN * sigma))
        judged["covers_new"] = float(np.mean(np.abs(new - mean) < WITHIN * np.hypot(sigma, noise)))
    return judged


def on_field(
    kind: str, specimen: int, seeds: Sequence[int], sizes: Sequence[int], predictors: dict[str, Predictor]
) -> list[dict[str, Any]]:
    """Judge all predictors on one specimen, everyone with the same points."""
    field, found = KINDS[kind](specimen), []
    for seed in seeds:
        rng = np.random.default_rng([seed, 3])
        order = rng.permutation(len(field.truth))[: sizes[-1]]
        values, sigmas = np.array([field.measure(int(index), rng) for index in order]).T
        for size in sizes:
            points = Points(order[:size], values[:size], sigmas[:size], seed)
            for name, predict in predictors.items():
                start = time.process_time()
                predicted = predict(field, points)
                seconds = time.process_time() - start if predicted.cpu_s is None else predicted.cpu_s
                where = {"kind": kind, "specimen": specimen, "seed": seed, "points": size, "by": name}
                new = judge(field, points, predicted, np.random.default_rng([seed, 4]))
                found.append(where | new | {"cpu_s": seconds})
    return found


def tables(runs: list[dict[str, Any]]) -> str:
    """Write medians of r, and means of the coverages and of the CPU time, a table for each kind."""
    out = []
    for kind in dict.fromkeys(run["kind"] for run in runs):
        sizes = sorted({run["points"] for run in runs if run["kind"] == kind})
        head = [kind, *(f"r at {n}" for n in sizes), *(f"truth within at {n}" for n in sizes)]
        head += [f"new values within at {n}" for n in sizes] + [f"CPU s at {n}" for n in sizes] + ["runs"]
        rows = []
        for name in dict.fromkeys(run["by"] for run in runs):
            mine = [run for run in runs if run["kind"] == kind and run["by"] == name]
            row = [name]
            for key, summary, digits in (
                ("r", np.median, 2),
                ("covers_truth", np.mean, 2),
                ("covers_new", np.mean, 2),
                ("cpu_s", np.median, 2),
            ):
                for n in sizes:
                    values = [run[key] for run in mine if run["points"] == n and key in run]
                    row.append(f"{summary(values):.{digits}f}" if values else "")
            rows.append([*row, str(sum(run["points"] == sizes[0] for run in mine)) if mine else "not run"])
        out.append(table(head, rows))
    return "\n\n".join(out)


def main() -> int:
    """Run, or join what was run; exit status 1 if the agent predicts worse than a peer in the median."""
    pin_threads("benchmarks.agent.bench_prediction")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one specimen a kind, one seed, 50 points, no AtomAI"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too, after each specimen")
    parser.add_argument(
        "--by", nargs="+", help="predictors to run; default: all", default=[*OURS, *PEERS, ATOMAI]
    )
    parser.add_argument("--specimens", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of points")
    parser.add_argument("--join", type=Path, nargs="+", help="run nothing: tables of these files")
    options = parser.parse_args()
    if options.join:
        runs = [run for path in options.join for run in json.loads(path.read_text())["runs"]]
        print(tables(runs))
        return 0
    specimens, seeds, sizes = options.specimens, range(options.seeds), options.sizes
    by = options.by
    if options.quick:
        specimens, seeds, sizes, by = specimens[:1], range(1), SIZES[:1], [one for one in by if one != ATOMAI]
    for name in filter(missing, by):
        print(f"not run: {name} is not installed (see benchmarks/README.md)")
    where, runs = setting(), []
    with ExitStack() as stack:
        predictors = {name: one for name, one in (OURS | PEERS).items() if name in by and not missing(name)}
        if ATOMAI in by and not missing(ATOMAI):
            predictors[ATOMAI] = stack.enter_context(atomai())
        for specimen in specimens:
            for kind in KINDS:
                runs += on_field(kind, specimen, seeds, sizes, predictors)
                if options.json is not None:
                    report = {"benchmark": "agent.prediction", **where, "runs": runs}
                    options.json.write_text(json.dumps(report, indent=1))
    print(tables(runs))
    print(f"\nspecimens {specimens} x {len(seeds)} seeds; {describe(where)}")
    ours = [name for name in OURS if name in predictors][:1]
    beaten = ours and _beaten(runs, ours[0])
    print(f"no peer predicts better in the median of any kind and number: {'no' if beaten else 'yes'}")
    return 1 if beaten and not options.quick else 0


def _beaten(runs: list[dict[str, Any]], ours: str) -> bool:
    cells = {(run["kind"], run["points"]) for run in runs}
    medians = {
        (cell, name): np.median(
            [run["r"] for run in runs if (run["kind"], run["points"]) == cell and run["by"] == name]
        )
        for cell in cells
        for name in {run["by"] for run in runs}
    }
    return any(value > medians[cell, ours] for (cell, name), value in medians.items() if name not in OURS)


if __name__ == "__main__":
    sys.exit(main())
