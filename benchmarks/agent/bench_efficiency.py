"""How many spectra the adaptive experiment needs, on the simulated specimen.

Points until the noiseless truth at a visited one reaches 95 % of its maximum, against random positions, the
brightest and the steepest of the survey image; and how well the map is predicted from points of maximum
uncertainty, against the same model on random points. Measurements are the twin's with counting noise, without
the IOC.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.agent.pickers import brightest_first, steepest_first
from benchmarks.agent.setting import describe, pin_threads, setting, table
from benchmarks.agent.simulated_field import Field, simulated_field
from stemline.agents.dkl_agent import DKLAgent
from stemline.agents.options import Options
from stemline.agents.random_agent import RandomAgent

NEAR = 0.95  # of the maximum
CHECKPOINTS = (50, 100)  # points after which the map is judged; the last ends a run
QUICK = (50,)
LEARNERS = ("expected_improvement", "upper_confidence_bound", "maximum_uncertainty")
RULES = {"brightest HAADF": brightest_first, "largest HAADF gradient": steepest_first}


def run(agent: Any, field: Field, seed: int, checkpoints: Sequence[int]) -> dict[str, Any]:
    """Measure up to the last checkpoint; indices visited, CPU time of each suggestion [s], and the maps."""
    rng = np.random.default_rng([seed, 1])
    index_at = field.index_at
    visited, seconds, maps = [], [], {}
    for step in range(1, checkpoints[-1] + 1):
        start = time.process_time()
        (suggestion,) = agent.suggest(1)
        seconds.append(time.process_time() - start)
        index = index_at[suggestion["scanner_y"], suggestion["scanner_x"]]
        value, sigma = field.measure(index, rng)
        agent.ingest([{**suggestion, "value": value, "sigma": sigma}])
        visited.append(index)
        if step in checkpoints:
            maps[step] = judge(field.truth, *agent.predict())
    return {"visited": visited, "seconds": seconds, "maps": maps}


def judge(
    truth: NDArray[np.float64], mean: NDArray[np.float64], sigma: NDArray[np.float64]
) -> tuple[float, float]:
    """Correlation of the map with the truth, and share of the truth within 1.96 sigma of it."""
    return float(np.corrcoef(mean, truth)[0, 1]), float(np.mean(np.abs(truth - mean) < 1.96 * sigma))


def points_needed(visited: Any, truth: NDArray[np.float64]) -> float:
    """Points until one is near the maximum; infinite if none is."""
    hits = np.flatnonzero(truth[np.asarray(visited)] >= NEAR * truth.max())
    return float(hits[0] + 1) if len(hits) else np.inf


def on_specimen(
    specimen: int, seeds: int, patch_size: int | None, checkpoints: Sequence[int]
) -> dict[str, Any]:
    """Everything about one specimen."""
    return on_field(specimen, simulated_field(specimen, patch_size), seeds, checkpoints)


def on_field(specimen: int, field: Field, seeds: int, checkpoints: Sequence[int]) -> dict[str, Any]:
    """Everything about the field of one specimen."""
    where = field.candidates.features, field.candidates.positions
    needed: dict[str, list[float]] = {}
    maps: dict[str, list[Any]] = {"maximum_uncertainty": [], "random": []}
    seconds = []
    for seed in range(seeds):
        for name in LEARNERS:
            options = Options(acquisition=name, seed=seed, num_points=checkpoints[-1])
            one = run(DKLAgent(*where, options), field, seed, checkpoints)
            needed.setdefault(name, []).append(points_needed(one["visited"], field.truth))
            seconds.append(one["seconds"])
            if name in maps:
                maps[name].append(one["maps"])
        # Seeds throughout: the same model, on random points.
        blindly = Options(num_seed=checkpoints[-1], seeding="uniform", seed=seed)
        blind = run(DKLAgent(*where, blindly), field, seed, checkpoints)
        maps["random"].append(blind["maps"])
        drawn = RandomAgent(*where, Options(kind="random", seed=seed)).suggest(len(field.truth))
        index_at = field.index_at
        order = [index_at[s["scanner_y"], s["scanner_x"]] for s in drawn]
        needed.setdefault("random", []).append(points_needed(order, field.truth))
    for name, rule in RULES.items():
        needed[name] = [points_needed(rule(field.survey), field.truth)]
    near = int(np.sum(field.truth >= NEAR * field.truth.max()))
    return {"specimen": specimen, "near": near, "needed": needed, "maps": maps, "seconds": seconds}


def points(value: float, most: int) -> str:
    """Write a number of points, out of `most`."""
    return f"{value:.0f}" if np.isfinite(value) else f"> {most}"


def efficiency_table(found: list[dict[str, Any]], most: int) -> tuple[str, dict[str, float]]:
    """Return points needed, out of `most`, as Markdown, and the medians over specimens."""
    names = sorted(
        found[0]["needed"], key=lambda name: np.median([np.median(f["needed"][name]) for f in found])
    )
    medians = {name: [float(np.median(f["needed"][name])) for f in found] for name in names}
    head = [
        "points to 95 % of the maximum",
        "median",
        *(f"specimen {f['specimen']}" for f in found),
        "not found",
    ]
    rows = []
    for name in names:
        runs = [value for f in found for value in f["needed"][name]]
        missed = f"{np.sum(np.isinf(runs))} of {len(runs)} runs" if name in LEARNERS else ""
        rows.append(
            [
                name.replace("_", " "),
                points(float(np.median(medians[name])), most),
                *(points(value, most) for value in medians[name]),
                missed,
            ]
        )
    return table(head, rows), {name: float(np.median(each)) for name, each in medians.items()}


def map_table(found: list[dict[str, Any]], checkpoints: Sequence[int]) -> tuple[str, dict[str, list[float]]]:
    """Return the maps' figures as Markdown, and the median correlations at each checkpoint."""
    head = [
        "points chosen by",
        *(f"r at {n}" for n in checkpoints),
        *(f"r at {n}, range" for n in checkpoints),
    ]
    head += [f"within 1.96 sigma at {n}" for n in checkpoints]
    rows, medians = [], {}
    for name in found[0]["maps"]:
        runs = [one for f in found for one in f["maps"][name]]
        figures = np.array([[one[n] for n in checkpoints] for one in runs])  # (runs, checkpoints, 2)
        r, covered = np.median(figures, axis=0).T
        ranges = [
            f"{low:.2f} to {high:.2f}"
            for low, high in zip(figures[..., 0].min(0), figures[..., 0].max(0), strict=True)
        ]
        rows.append(
            [name.replace("_", " "), *(f"{v:.2f}" for v in r), *ranges, *(f"{v:.2f}" for v in covered)]
        )
        medians[name] = r.tolist()
    return table(head, rows), medians


def main() -> int:
    """Run all; exit status 1 if a goal is missed."""
    pin_threads("benchmarks.agent.bench_efficiency")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two specimens, one seed, 50 points: no verdict")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--patch-size", type=int, help="of the image patches [px]; default: as the session's")
    parser.add_argument("--specimens", type=int, nargs="+", help="their seeds; default: 0 to 4")
    parser.add_argument("--seeds", type=int, help="runs on each specimen; default: 5")
    options = parser.parse_args()
    count, seeds, checkpoints = (2, 1, QUICK) if options.quick else (5, 5, CHECKPOINTS)
    specimens, seeds = options.specimens or range(count), options.seeds or seeds
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        each = partial(on_specimen, seeds=seeds, patch_size=options.patch_size, checkpoints=checkpoints)
        found = list(pool.map(each, specimens))
    efficiency, needed = efficiency_table(found, checkpoints[-1])
    mapping, correlation = map_table(found, checkpoints)
    seconds = np.median(np.array([row for f in found for row in f["seconds"]]), axis=0)
    cost = {n: float(np.median(seconds[n - 10 : n])) for n in (20, *checkpoints)}
    where = setting()
    print(efficiency, mapping, sep="\n\n")
    print(
        "\nCPU time of a suggestion, training included: "
        + ", ".join(f"{s:.3f} s at {n} points" for n, s in cost.items())
    )
    near = ", ".join(str(f["near"]) for f in found)
    runs = f"{len(found)} specimens x {seeds} seeds; {near} of 4096 candidates are near the maximum"
    print(f"{runs}; {describe(where)}")
    ours = needed["expected_improvement"]
    beaten = all(ours < needed[name] for name in (*RULES, "random"))
    mapped = all(np.greater(correlation["maximum_uncertainty"], correlation["random"]))
    verdict = "too few runs to judge" if options.quick else "reached" if beaten else "MISSED"
    print(f"goal, fewer points than random, brightest and largest gradient: {verdict}")
    print(f"maximum uncertainty predicts the map better than random points: {'yes' if mapped else 'NO'}")
    if options.json is not None:
        report = {
            "benchmark": "agent.efficiency",
            **where,
            "needed": needed,
            "correlation": correlation,
            "cpu_s": cost,
        }
        options.json.write_text(json.dumps({**report, "runs": found}, indent=1))
    return 0 if beaten or options.quick else 1


if __name__ == "__main__":
    sys.exit(main())
