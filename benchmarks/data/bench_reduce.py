"""Centre of mass and annular dark field of every frame, from frames, electrons and chunks, beside peers.

All results are compared with ours on dense frames. Frames per second of CPU of one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stemline.analysis.codecs import encode, open_chunk
from stemline.analysis.compressed import FrameSums, PatternMaximum, PatternTotal, RadialSums
from stemline.analysis.reduce import Block
from stemline.analysis.virtual_detectors import annulus, moment_weights, rings

from .patterns import DOSES, SIZE, draw
from .timing import report, table, timed

PACKAGES = ("numpy", "numba", "libertem", "py4DSTEM", "stempy")
SHAPE = (SIZE, SIZE)
CENTRE = (SIZE / 2, SIZE / 2)
COPIES = 16

Sums = Any  # (n, 4): counts, counts times ky, counts times kx, ADF
Row = tuple[str, Callable[[], Sums], slice]  # name, work, which of the sums it gives


def ours(frames: Any, weights: Any) -> list[Row]:
    """Frames, electrons in memory, chunks with decoding."""
    sums, chunk = FrameSums(weights), encode(frames)
    opened = open_chunk(chunk)[1]
    rows: list[Row] = [
        ("stemline, dense", lambda: sums.process(Block(0, frames)).array(), np.s_[:]),
        ("stemline, chunk, with decoding", lambda: sums.process(Block(0, chunk)).array(), np.s_[:]),
    ]
    if not isinstance(opened, np.ndarray):
        rows.append(("stemline, electrons", lambda: sums.process(Block(0, opened)).array(), np.s_[:]))
    return rows


def numpys(frames: Any, weights: Any) -> list[Row]:
    """BLAS on frames cast to float32, 64 at a time (exact here: sums below 2**24)."""
    flat = weights.reshape(len(weights), -1).astype(np.float32).T.copy()

    def work() -> Sums:
        return frames.reshape(len(frames), -1).astype(np.float32) @ flat

    return [("numpy, BLAS on float32", work, np.s_[:])]


def libertem(frames: Any, weights: Any) -> list[Row]:
    """`ApplyMasksUDF` in this process."""
    try:
        from libertem.api import Context
        from libertem.executor.inline import InlineJobExecutor
        from libertem.udf.masks import ApplyMasksUDF
    except ImportError:
        return [("LiberTEM: not installed", lambda: None, np.s_[:])]
    # One thread, or BLAS spins on the others.
    context = Context(executor=InlineJobExecutor(inline_threads=1))
    # Its overhead is for large data: it gets the frames many times over.
    data = context.load("memory", data=np.tile(frames, (COPIES, 1, 1)), sig_dims=2, num_partitions=1)
    udf = ApplyMasksUDF(
        mask_factories=lambda: weights.astype(np.float32), mask_count=len(weights), use_sparse=False
    )

    def work() -> Sums:
        return context.run_udf(data, udf)["intensity"].data[: len(frames)]

    return [("LiberTEM, ApplyMasksUDF, inline", work, np.s_[:])]


def py4dstem(frames: Any, weights: Any) -> list[Row]:
    """One virtual image: the fourth sum only."""
    try:
        # releases up to 0.14 use names that numpy 2 has dropped
        np.float64, np.inf = np.float64, np.inf  # type: ignore[attr-defined]
        import py4DSTEM
    except Exception as error:
        return [(f"py4DSTEM: does not import ({type(error).__name__})", lambda: None, np.s_[3:])]
    cube = py4DSTEM.DataCube(data=frames.reshape(1, *frames.shape))
    mask = weights[3].astype(bool)

    def work() -> Sums:
        image = cube.get_virtual_image(mode="mask", geometry=mask, name="adf", verbose=False, returncalc=True)
        return np.asarray(image.data).reshape(-1, 1)

    return [("py4DSTEM, get_virtual_image, ADF alone", work, np.s_[3:])]


def stempys(frames: Any, weights: Any) -> list[Row]:
    """Centre of mass from lists of electrons."""
    try:
        import stempy.image as image
        from stempy.io import SparseArray
    except Exception as error:
        return [(f"stempy: does not import ({type(error).__name__})", lambda: None, np.s_[:])]
    lists = np.empty((len(frames), 1), object)
    for number, frame in enumerate(frames):
        lists[number, 0] = np.repeat(np.arange(frame.size, dtype=np.uint32), frame.ravel())
    sparse = SparseArray(lists, (1, len(frames)), SHAPE)
    counts = frames.sum(axis=(1, 2), dtype=np.int64)

    def work() -> Sums:
        x, y = image.com_sparse(sparse)
        return np.stack([np.ravel(y) * counts, np.ravel(x) * counts], axis=1)

    return [("stempy, com_sparse, centre of mass alone", work, np.s_[1:3])]


def measure(dose: float, count: int, seconds: float) -> list[dict[str, Any]]:
    """Rows of one dose."""
    frames = draw(dose, count).frames
    weights = np.concatenate([moment_weights(SHAPE), annulus(SHAPE, CENTRE, 24, 100)[None]])
    truth = FrameSums(weights).process(Block(0, frames)).array()
    rows = []
    for peer in (ours, numpys, libertem, py4dstem, stempys):
        # lists of many electrons would fill the memory
        if peer is stempys and dose > 1:
            continue
        for name, work, which in peer(frames, weights):
            found = work()
            if found is None:
                rows.append({"e/px": dose, "": name})
                continue
            error = float(np.abs(found - truth[:, which]).max() / truth[:, which].max())
            if error > (0 if name.startswith("stemline") else 1e-4):
                raise RuntimeError(f"{name}: differs from ours by {error:.1e}")
            rate = count * (COPIES if name.startswith("LiberTEM") else 1) / timed(work, seconds).least
            rows.append(
                {
                    "e/px": dose,
                    "": name,
                    "frames/s": rate,
                    "GB/s of raw": rate * 2 * SIZE**2 / 1e9,
                    "largest difference": error,
                }
            )
    return rows


def others(dose: float, count: int, seconds: float) -> list[dict[str, Any]]:
    """Other reductions of ours, in each form."""
    frames = draw(dose, count).frames
    chunk = encode(frames)
    reductions: dict[str, Any] = {
        "sum pattern": PatternTotal(*SHAPE),
        "maximum pattern": PatternMaximum(*SHAPE),
        "radial profile": RadialSums(rings(SHAPE, CENTRE)),
    }
    rows = []
    for name, reduction in reductions.items():
        rates = [
            count / timed(lambda r=reduction, f=form: r.process(Block(0, f)), seconds).least
            for form in (frames, chunk)
        ]
        rows.append({"e/px": dose, "": name, "dense [frames/s]": rates[0], "chunk [frames/s]": rates[1]})
    return rows


def main() -> int:
    """Run all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter, with the same rows")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    seconds = 0.2 if options.quick else 1.0
    rows = [row for dose in DOSES for row in measure(dose, 128, seconds)]
    print(table(rows) + "\n")
    more = [row for dose in DOSES[:2] for row in others(dose, 128, seconds)]
    print(table(more))
    report("reduce", [*rows, *more], PACKAGES, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
