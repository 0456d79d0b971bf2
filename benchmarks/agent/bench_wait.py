"""How long the beam waits for the agent, and what asking ahead costs.

Waiting: real sessions on the simulated instrument (IOC, journal, catalog, agent in its own process), with
`agent.overlap` and without; the time in which the plan waited for the agent (``decision_waited``), as a share
of the time between the first suggestion and the last point. Cost: points until the noiseless truth at a
visited one reaches 95 % of its maximum, if each suggestion is made before the point ahead of it is known.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.agent.bench_efficiency import points_needed
from benchmarks.agent.setting import describe, pin_threads, setting, table
from benchmarks.agent.simulated_field import SimulatedField, simulated_field
from stemline.agents.dkl_agent import DKLAgent
from stemline.agents.options import Options

DWELL_TIME = 0.1  # [s]
MOST = 60  # points of a search


def session_run(folder: Path, num_points: int, side: int, overlap: bool) -> dict[str, Any]:
    """Run an experiment of `num_points` over ``side x side`` candidates; its waits [s] and length [s]."""
    from stemline.config import load
    from stemline.session import Session

    file = folder / "session.yml"
    file.write_text(
        yaml.safe_dump(
            {
                "data": str(folder / "data"),
                "experiment": {
                    "dwell_time": DWELL_TIME,
                    "num_points": num_points,
                    "survey": {"shape": [side, side]},
                },
                "agent": {"overlap": overlap},
            }
        )
    )
    documents: list[tuple[str, Any]] = []
    with Session(load(file), say=lambda line: None) as session:
        session.RE.subscribe(lambda name, document: documents.append((name, document)))
        session.RE(session.experiments.adaptive_spectroscopy())
    streams = {doc["uid"]: doc["name"] for name, doc in documents if name == "descriptor"}
    events = [(streams[doc["descriptor"]], doc) for name, doc in documents if name == "event"]
    decisions = [doc for stream, doc in events if stream == "decisions"]
    points = [doc for stream, doc in events if stream == "primary"]
    waits = [doc["data"]["decision_waited"] for doc in decisions[1:-1]]  # the first comes before the beam
    return {"waits": waits, "length": points[-1]["time"] - decisions[0]["time"], "points": len(points)}


def search(field: SimulatedField, seed: int, ahead: bool) -> float:
    """Points that expected improvement needs on a specimen; `ahead`: each chosen before the last is known."""
    options = Options(seed=seed, num_points=MOST, overlap=ahead)
    agent = DKLAgent(field.candidates.features, field.candidates.positions, options)
    rng = np.random.default_rng([seed, 1])
    visited: list[int] = []
    asked = agent.suggest(1)
    while len(visited) < MOST:
        (suggestion,) = asked
        if ahead:
            asked = agent.suggest(1)
        index = field.index_at[suggestion["scanner_y"], suggestion["scanner_x"]]
        value, sigma = field.measure(index, rng)
        agent.ingest([{**suggestion, "value": value, "sigma": sigma}])
        visited.append(index)
        if points_needed(visited, field.truth) < np.inf:
            break
        if not ahead:
            asked = agent.suggest(1)
    return points_needed(visited, field.truth)


def waiting_table(num_points: int, side: int) -> tuple[str, list[dict[str, Any]]]:
    """Run both ways."""
    rows, found = [], []
    for overlap in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            one = session_run(Path(folder), num_points, side, overlap)
        waits = np.array(one["waits"])
        share = waits.sum() / one["length"]
        found.append({"overlap": overlap, "share": float(share), **one})
        figures = [1e3 * np.median(waits), 1e3 * np.percentile(waits, 95), 1e3 * waits.max()]
        rows.append(
            [
                "while measuring" if overlap else "in turns",
                str(one["points"]),
                f"{100 * share:.1f} %",
                *(f"{figure:.1f}" for figure in figures),
                f"{1e3 * one['length'] / one['points']:.0f}",
            ]
        )
    head = [
        "the agent thinks",
        "points",
        "beam waits",
        "median [ms]",
        "95th [ms]",
        "longest [ms]",
        "a point [ms]",
    ]
    return table(head, rows), found


def search_table(specimens: int, seeds: int) -> tuple[str, dict[str, list[list[float]]]]:
    """Search both ways on each specimen."""
    needed: dict[str, list[list[float]]] = {"ahead": [], "in turns": []}
    for specimen in range(specimens):
        field = simulated_field(specimen, None)
        for name, all_of_it in needed.items():
            all_of_it.append([search(field, seed, name == "ahead") for seed in range(seeds)])
    head = ["points to 95 % of the maximum", "median", *(f"specimen {i}" for i in range(specimens))]
    rows = [
        [name, f"{np.median(found):.0f}", *(f"{np.median(each):.0f}" for each in found)]
        for name, found in needed.items()
    ]
    return table(head, rows), needed


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    pin_threads("benchmarks.agent.bench_wait")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="60 points, one specimen, two seeds")
    parser.add_argument("--json", type=Path, help="also write what was measured")
    asked = parser.parse_args(arguments)
    print(f"{describe(setting())}\n")
    waiting, waits = waiting_table(60 if asked.quick else 200, 64 if asked.quick else 128)
    print(f"{waiting}\n")
    searching, needed = search_table(*((1, 2) if asked.quick else (5, 3)))
    print(searching)
    if asked.json:
        asked.json.write_text(json.dumps({"setting": setting(), "waits": waits, "needed": needed}))


if __name__ == "__main__":
    main(sys.argv[1:])
