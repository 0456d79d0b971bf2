"""How small frames become and how fast, lossless, beside general compressors and the Poisson bound.

Every decoder's result is compared with the frames. Rates are of raw bytes per second of CPU of one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import blosc2
import numpy as np
import zstandard

from stemline.analysis.codecs import decode, encode
from stemline.analysis.codecs.dense import DenseCodec
from stemline.analysis.codecs.events import scan
from stemline.analysis.codecs.modelled import PatternModel, decode_modelled, encode_modelled

from .patterns import DOSES, draw
from .timing import report, table, timed

PACKAGES = ("numpy", "numba", "blosc2", "zstandard", "bitshuffle")
ARCHIVE_GOAL = dict(zip(DOSES, (0.93, 0.90, 0.80), strict=True))

Frames = Any


@dataclass(frozen=True)
class Codec:
    """A row: how it encodes and decodes a block, and how many frames it takes at a time."""

    name: str
    frames: int
    encode: Callable[[Frames], Any]
    decode: Callable[[Any], Frames]


def codecs(model: PatternModel) -> list[Codec]:
    """Ours, and the peers that are installed."""
    shape = model.classes.shape
    plain = zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor()

    def blosc(codec: Any, level: int) -> Callable[[Frames], bytes]:
        settings = {"codec": codec, "clevel": level, "filters": [blosc2.Filter.BITSHUFFLE], "typesize": 2}
        return lambda frames: blosc2.compress2(frames, nthreads=1, filters_meta=[0], **settings)

    def unblosc(data: bytes) -> Frames:
        return np.frombuffer(blosc2.decompress2(data, nthreads=1), "<u2").reshape(-1, *shape)

    rows = [
        Codec("stemline, live (events to 0.4 e/px, else Blosc2 LZ4)", 64, encode, decode),
        Codec(
            "stemline, dense for keeping (Blosc2 zstd)",
            64,
            lambda frames: encode(frames, DenseCodec.ARCHIVE),
            decode,
        ),
        Codec(
            "stemline, modelled",
            256,
            lambda frames: encode_modelled(frames, model),
            lambda chunk: decode_modelled(chunk, model),
        ),
        Codec("blosc2, bitshuffle, lz4", 16, blosc(blosc2.Codec.LZ4, 5), unblosc),
        Codec("blosc2, bitshuffle, zstd 1", 16, blosc(blosc2.Codec.ZSTD, 1), unblosc),
        Codec(
            "zstd 1",
            16,
            plain[0].compress,
            lambda data: np.frombuffer(plain[1].decompress(data), "<u2").reshape(-1, *shape),
        ),
    ]
    try:
        import bitshuffle
    except ImportError:
        return rows
    return [
        *rows,
        Codec(
            "bitshuffle, lz4",
            16,
            bitshuffle.compress_lz4,
            lambda data: bitshuffle.decompress_lz4(data, (16, *shape), np.dtype("<u2")),
        ),
    ]


def measure(dose: float, count: int, seconds: float) -> list[dict[str, Any]]:
    """Rows of one dose: learned from `count` frames, measured with as many others."""
    drawn = draw(dose, 2 * count)
    model, frames = PatternModel.fit(drawn.frames[:count]), drawn.frames[count:]
    rows = []
    for codec in codecs(model):
        blocks = [frames[i : i + codec.frames] for i in range(0, len(frames), codec.frames)]
        coded = [codec.encode(block) for block in blocks]
        for block, data in zip(blocks, coded, strict=True):
            if not np.array_equal(codec.decode(data), block):
                raise RuntimeError(f"{codec.name}: not what was encoded")
        ratio = frames.nbytes / sum(len(data) for data in coded)
        first, data = blocks[0], coded[0]
        encoding = timed(lambda codec=codec, first=first: codec.encode(first), seconds)
        decoding = timed(lambda codec=codec, data=data: codec.decode(data), seconds)
        rows.append(
            {
                "e/px": dose,
                "codec": codec.name,
                "frames a chunk": codec.frames,
                "ratio": ratio,
                "of the bound": ratio / drawn.ratio,
                "encode [GB/s]": first.nbytes / encoding.least / 1e9,
                "decode [GB/s]": first.nbytes / decoding.least / 1e9,
                "encode, median": first.nbytes / encoding.cpu / 1e9,
                "decode, median": first.nbytes / decoding.cpu / 1e9,
            }
        )
    if len(rows) == 6:
        rows.append({"e/px": dose, "codec": "bitshuffle, lz4: not installed"})
    rows.append({"e/px": dose, "codec": "Poisson bound", "ratio": drawn.ratio, "of the bound": 1.0})
    if dose == DOSES[0]:
        block = frames[:64]
        limit = int(0.4 * block.size)
        rate = 64 / timed(lambda: scan(block, limit), seconds).least
        print(f"dense to events at {dose} e/px: {rate:,.0f} frames/s (goal 100,000)")
    share = next(row["of the bound"] for row in rows if row["codec"] == "stemline, modelled")
    verdict = "reached" if share >= ARCHIVE_GOAL[dose] else "MISSED"
    stored = len(model.to_bytes())
    print(
        f"{dose} e/px: {share:.3f} of the bound, goal {ARCHIVE_GOAL[dose]} {verdict}; model of {stored} bytes"
    )
    return rows


def main() -> int:
    """Run all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="256 frames a dose, not 1024")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    count, seconds = (256, 0.2) if options.quick else (1024, 1.0)
    rows = [row for dose in DOSES for row in measure(dose, count, seconds)]
    print(table(rows))
    report("codecs", rows, PACKAGES, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
