"""`stemline record`: measure a spectrum image with a session's instrument, for replay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .progress_bar import ProgressBar


def record(
    output: Annotated[Path, typer.Argument(help="The .hspy file to write; HyperSpy opens it too.")],
    config: Annotated[
        Path | None, typer.Option(help="Session YAML; without it, the built-in simulation.")
    ] = None,
    rows: Annotated[int, typer.Option(min=2, help="Spectra along y.")] = 48,
    columns: Annotated[int, typer.Option(min=2, help="Spectra along x.")] = 48,
    dwell_time: Annotated[float, typer.Option(min=1e-6, help="Of one spectrum [s].")] = 0.02,
) -> None:
    """Record a survey image and a spectrum image, pixel by pixel, to be replayed later."""
    from stemline.config import load
    from stemline.devices.instruments.composition import compose
    from stemline.devices.instruments.recording import record as measure

    instrument = compose(load(config).ioc.instrument)
    with ProgressBar("recording") as progress:
        measure(instrument, output, shape=(rows, columns), dwell_time=dwell_time, progress=progress)
    print(f"wrote {output}: {rows} x {columns} spectra of {dwell_time:g} s and their survey image")
