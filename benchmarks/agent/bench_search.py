"""How many points it takes to find the maximum, on three kinds of specimen, and how that scatters over seeds.

Found is a position whose noiseless truth is within 95 % of the largest. All searchers that learn begin with
the same number of random points and then follow expected improvement.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from scipy.stats import norm

from benchmarks.agent.bench_prediction import KINDS
from benchmarks.agent.pickers import brightest_first, steepest_first
from benchmarks.agent.predictors import ATOMAI, PEERS, Field, Points, Predictor, atomai, missing
from benchmarks.agent.setting import describe, pin_threads, setting, table
from stemline.agents.dkl_agent import DKLAgent
from stemline.agents.options import Options

NEAR = 0.95  # of the maximum
AGENT, XY = "agent", "botorch GP over (x, y)"
RULES = {"brightest HAADF": brightest_first, "largest HAADF gradient": steepest_first}
FIRST = Options().num_seed


def agent_visits(field: Field, seed: int, most: int) -> list[int]:
    """Let the agent search as a session would; the candidates in their order."""
    where = field.candidates.features, field.candidates.positions
    agent = DKLAgent(*where, Options(seed=seed, num_points=most))
    index_at = {(y, x): index for index, (y, x) in enumerate(field.candidates.positions.tolist())}
    rng, visited = np.random.default_rng([seed, 1]), []
    for _ in range(most):
        (suggestion,) = agent.suggest(1)
        visited.append(index_at[suggestion["scanner_y"], suggestion["scanner_x"]])
        value, sigma = field.measure(visited[-1], rng)
        agent.ingest([{**suggestion, "value": value, "sigma": sigma}])
        if hit(field, visited[-1]):
            break
    return visited


def peer_visits(field: Field, predict: Predictor, seed: int, most: int) -> list[int]:
    """Search by expected improvement over the best value, with a peer's model fitted at each step."""
    rng = np.random.default_rng([seed, 1])
    visited = [int(i) for i in np.random.default_rng(seed).permutation(len(field.truth))[:FIRST]]
    measured = [field.measure(index, rng) for index in visited]
    while len(visited) < most and not any(hit(field, index) for index in visited):
        values, sigmas = np.array(measured).T
        found = predict(field, Points(np.array(visited), values, sigmas, seed))
        assert found.sigma is not None
        sigma = np.maximum(found.sigma, 1e-12)
        z = (found.mean - values.max()) / sigma
        worth = sigma * (z * norm.cdf(z) + norm.pdf(z))
        worth[visited] = -np.inf
        visited.append(int(worth.argmax()))
        measured.append(field.measure(visited[-1], rng))
    return visited


def hit(field: Field, index: int) -> bool:
    """Tell whether a candidate is near the maximum."""
    return bool(field.truth[index] >= NEAR * field.truth.max())


def needed(field: Field, visited: Sequence[int]) -> float:
    """Points until one is near the maximum; infinite if none is."""
    return next((n for n, index in enumerate(visited, 1) if hit(field, int(index))), np.inf)


def main() -> int:
    """Run all; exit status 1 if the agent needs more points than random ones anywhere, in the median."""
    pin_threads("benchmarks.agent.bench_search")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="particles 0, two seeds, no peers that learn")
    parser.add_argument("--json", type=Path, help="write the figures to this file too, after each specimen")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--specimens", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seeds", type=int, default=20, help="runs of the agent on each specimen")
    parser.add_argument("--peer-seeds", type=int, default=3, help="runs of peers that learn")
    parser.add_argument("--peers", nargs="*", default=[XY, ATOMAI], help="peers that learn")
    parser.add_argument("--points", type=int, default=60, help="where a search gives up")
    options = parser.parse_args()
    if options.quick:
        options.kinds, options.specimens, options.seeds, options.peers = ["particles"], [0], 2, []
    where, found, rows = setting(), [], []
    with ExitStack() as stack:
        learners = {name: PEERS[name] for name in options.peers if name in PEERS and not missing(name)}
        if ATOMAI in options.peers and not missing(ATOMAI):
            learners[ATOMAI] = stack.enter_context(atomai())
        for kind in options.kinds:
            for specimen in options.specimens:
                field = KINDS[kind](specimen)
                one: dict[str, list[float]] = {
                    AGENT: [
                        needed(field, agent_visits(field, s, options.points)) for s in range(options.seeds)
                    ]
                }
                for name, predict in learners.items():
                    one[name] = [
                        needed(field, peer_visits(field, predict, s, options.points))
                        for s in range(options.peer_seeds)
                    ]
                one["random"] = [
                    needed(field, np.random.default_rng(s).permutation(len(field.truth)).tolist())
                    for s in range(100)
                ]
                for name, rule in RULES.items():
                    one[name] = [needed(field, rule(field.survey).tolist())]
                near = sum(hit(field, i) for i in range(len(field.truth)))
                found.append({"kind": kind, "specimen": specimen, "near": near, "needed": one})
                rows.append([f"{kind} {specimen}", str(near), *_row(one, options.peers, options.points)])
                if options.json is not None:
                    options.json.write_text(json.dumps({"benchmark": "agent.search", **where, "runs": found}))
    head = ["specimen", "near the maximum, of 4096", "agent", "agent, quartiles", "agent, not found"]
    print(table([*head, *options.peers, "random", *RULES], rows))
    print(
        f"\n{options.seeds} seeds ({options.peer_seeds} of peers), {options.points} points; {describe(where)}"
    )
    worse = [
        f"{one['kind']} {one['specimen']}"
        for one in found
        if np.median(one["needed"][AGENT]) > np.median(one["needed"]["random"])
    ]
    print(f"fewer points than random: {'everywhere' if not worse else 'not on ' + ', '.join(worse)}")
    return 1 if worse else 0


def _row(one: dict[str, list[float]], peers: Sequence[str], most: int) -> list[str]:
    def say(value: float, limit: int | None = most) -> str:
        return f"{value:.0f}" if np.isfinite(value) else f"> {limit}"

    ours = np.array(one[AGENT])
    low, high = (np.quantile(ours, q, method="nearest") for q in (0.25, 0.75))
    row = [
        say(float(np.median(ours))),
        f"{say(low)} to {say(high)}",
        f"{np.isinf(ours).sum()} of {len(ours)}",
    ]
    for name in (*peers, "random", *RULES):
        row.append(say(float(np.median(one[name]))) if name in one else "not installed")
    return row


if __name__ == "__main__":
    sys.exit(main())
