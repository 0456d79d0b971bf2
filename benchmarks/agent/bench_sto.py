"""How well the agent predicts measured spectra it has not seen: Ti L white lines of SrTiO3.

Contiguous blocks of rows are held out; the agent measures 80 of the other positions; its map of the blocks is
compared with what was measured there. Peers get the same 80 points: least squares on 3 x 3 block means of the
HAADF image, and the mean. With the patches shuffled among the positions only the neighbourhood is left to
learn from.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.agent.setting import describe, pin_threads, setting, table
from benchmarks.agent.strontium_titanate import Measured, measured
from stemline.agents.dkl_agent import DKLAgent
from stemline.agents.options import Options
from stemline.devices.instruments.protocol import InstrumentError

POINTS = 80
SEEDS = 5
# Blocks, and how many are held out: of about two lattice periods; and coarse ones, where a layer of its own
# chemistry may be unseen.
SPLITS = ((10, 3), (7, 2))
CHOOSERS = ("random", "maximum_uncertainty", "expected_improvement")
PEERS = ("least squares, 3 x 3 pixels", "least squares, 3 x 3 in the pixel", "mean")
OURS, SHUFFLED = "agent", "agent, patches shuffled"

data = cache(measured)


def visit(
    sto: Measured, features: NDArray[np.float64], free: NDArray[np.intp], chooser: str, seed: int
) -> list[int]:
    """Let an agent measure `POINTS` of the candidates `free`; which."""
    choice: dict[str, Any] = {"acquisition": chooser}
    if chooser == "random":
        choice = {"num_seed": POINTS, "seeding": "uniform"}
    positions = sto.candidates.positions[free]
    agent = DKLAgent(features[free], positions, Options.of({"num_points": POINTS, "seed": seed, **choice}))
    index_at = {tuple(position): int(index) for position, index in zip(positions, free, strict=True)}
    visited = []
    while not agent.should_stop()[0]:
        (suggestion,) = agent.suggest(1)
        visited.append(index_at[suggestion["scanner_y"], suggestion["scanner_x"]])
        agent.ingest([answer(sto, visited[-1], suggestion["_id"])])
    return visited


def answer(sto: Measured, index: int, number: int) -> dict[str, Any]:
    """Measure a candidate."""
    y, x = sto.candidates.positions[index].tolist()
    value, sigma = float(sto.values[index]), float(sto.sigmas[index])
    return {"_id": number, "scanner_y": y, "scanner_x": x, "value": value, "sigma": sigma}


def agent_map(
    sto: Measured, features: NDArray[np.float64], points: list[int], seed: int
) -> NDArray[np.float64]:
    """Predict everywhere, ``(n,)``, with an agent that is given `points`."""
    agent = DKLAgent(features, sto.candidates.positions, Options(seed=seed))
    agent.ingest([answer(sto, index, number) for number, index in enumerate(points)])
    return agent.predict()[0]


def least_squares(sto: Measured, predictors: NDArray[np.float64], points: list[int]) -> NDArray[np.float64]:
    """Fit the values at `points` linearly; the prediction everywhere, ``(n,)``."""
    design = np.column_stack([np.ones(len(predictors)), predictors])
    coefficients, *_ = np.linalg.lstsq(design[points], sto.values[points], rcond=None)
    return np.asarray(design @ coefficients)


def judge(predicted: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Correlation (0 for a constant) and root mean square error."""
    r = float(np.corrcoef(predicted, truth)[0, 1]) if np.ptp(predicted) > 0 else 0.0
    return r, float(np.sqrt(np.mean((predicted - truth) ** 2)))


def one_split(split: tuple[int, int], chooser: str, seed: int) -> dict[str, tuple[float, float]]:
    """Hold blocks out, measure elsewhere; ``(r, rmse)`` in the blocks, by predictor."""
    sto = data()
    out = sto.held_out(seed, *split)
    free = np.flatnonzero(~out)
    features = sto.candidates.features
    shuffled = features[np.random.default_rng([seed, 7]).permutation(len(features))]
    points = visit(sto, features, free, chooser, seed)
    blind = visit(sto, shuffled, free, chooser, seed)
    predicted = {
        OURS: agent_map(sto, features, points, seed),
        PEERS[0]: least_squares(sto, sto.block_means(), points),
        PEERS[1]: least_squares(sto, sto.subpixel_means(), points),
        PEERS[2]: np.full(len(out), sto.values[points].mean()),
        SHUFFLED: agent_map(sto, shuffled, blind, seed),
    }
    return {name: judge(each[out], sto.values[out]) for name, each in predicted.items()}


def main() -> int:
    """Run all; exit status 1 if a goal is missed."""
    pin_threads("benchmarks.agent.bench_sto")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only random points, only the finer blocks")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    splits = SPLITS[:1] if options.quick else SPLITS
    choosers = CHOOSERS[:1] if options.quick else CHOOSERS
    try:
        data()
    except InstrumentError as error:
        print(f"not run: {error}; set STEMLINE_SHARED to the folder of the measured files")
        return 0
    keys = [(split, chooser) for split in splits for chooser in choosers]
    jobs = [(*key, seed) for key in keys for seed in range(SEEDS)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = dict(zip(jobs, pool.map(one_split, *zip(*jobs, strict=True)), strict=True))
    reached, report = True, []
    for split, chooser in keys:
        runs = [found[split, chooser, seed] for seed in range(SEEDS)]
        figures = {name: np.array([run[name] for run in runs]) for name in runs[0]}  # (seeds, 2)
        rows = [
            [
                name,
                f"{np.median(r):.2f}",
                f"{r.min():.2f} to {r.max():.2f}",
                f"{np.median(error):.0f}",
                f"{error.min():.0f} to {error.max():.0f}",
            ]
            for name, (r, error) in ((name, each.T) for name, each in figures.items())
        ]
        head = ["predictor", "r, median", "r, range", "rmse, median [counts]", "rmse, range"]
        print(f"\n{split[1]} of {split[0]} blocks held out, {POINTS} points by {chooser.replace('_', ' ')}\n")
        print(table(head, rows))
        median = {name: np.median(each, axis=0) for name, each in figures.items()}
        if split == SPLITS[0]:
            reached &= all(median[OURS][0] > median[peer][0] for peer in PEERS)
            reached &= all(median[OURS][1] < median[peer][1] for peer in PEERS)
            reached &= bool(median[OURS][1] < median[SHUFFLED][1])
        by_seed = {name: each.tolist() for name, each in figures.items()}
        report.append({"split": split, "points_by": chooser, "r_and_rmse": by_seed})
    where = setting()
    print(f"\n{SEEDS} seeds; {describe(where)}")
    print(f"goal, {SPLITS[0][1]} of {SPLITS[0][0]} blocks: {'reached' if reached else 'MISSED'}")
    if options.json is not None:
        options.json.write_text(json.dumps({"benchmark": "agent.sto", **where, "splits": report}, indent=1))
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
