"""The measured spectrum image of SrTiO3: survey, Ti L intensities, and what of them is held out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from stemline.analysis.featurise import Candidates, candidates
from stemline.analysis.scalarise import Scalariser
from stemline.config import ExperimentConfig
from stemline.devices.instruments.replay.config import ReplayConfig
from stemline.devices.instruments.replay.recording import open_recording

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("STEMLINE_SHARED", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True, eq=False)
class Measured:
    """All of the spectrum image.

    Attributes
    ----------
    survey
        HAADF image ``(ny * oversampling, nx * oversampling)``.
    candidates
        One for each spectrum, as the session makes them.
    values, sigmas
        White-line intensity and its standard deviation, ``(n,)`` [counts].
    """

    survey: NDArray[np.float64]
    candidates: Candidates
    values: NDArray[np.float64]
    sigmas: NDArray[np.float64]

    @property
    def rows(self) -> NDArray[np.intp]:
        """Row of each candidate, ``(n,)``."""
        ny, nx = self.candidates.grid
        return np.repeat(np.arange(ny), nx)

    def block_means(self) -> NDArray[np.float64]:
        """Mean HAADF intensity in the 3 x 3 spectrum pixels around each candidate, ``(n, 9)``."""
        ny, nx = self.candidates.grid
        side = self.survey.shape[1] // nx
        means = np.pad(self.survey.reshape(ny, side, nx, side).mean((1, 3)), 1, mode="symmetric")
        return np.lib.stride_tricks.sliding_window_view(means, (3, 3)).reshape(ny * nx, 9)

    def subpixel_means(self) -> NDArray[np.float64]:
        """Mean HAADF intensity in 3 x 3 parts of each candidate's own spectrum pixel, ``(n, 9)``."""
        ny, nx = self.candidates.grid
        pixels = self.survey.reshape(ny, self.survey.shape[0] // ny, nx, -1)
        parts = [
            strip.mean((1, 3))
            for rows in np.array_split(pixels, 3, axis=1)
            for strip in np.array_split(rows, 3, axis=3)
        ]
        return np.stack(parts, axis=-1).reshape(ny * nx, 9)

    def held_out(self, seed: int, blocks: int, out: int) -> NDArray[np.bool_]:
        """Choose `out` of `blocks` contiguous blocks of rows; which candidates they hold, ``(n,)``."""
        block = np.arange(self.candidates.grid[0]) * blocks // self.candidates.grid[0]
        chosen = np.random.default_rng([seed, blocks]).choice(blocks, out, replace=False)
        return np.isin(block, chosen)[self.rows]


def measured() -> Measured:
    """Read and reduce the files as ``examples/srtio3.yml`` has it.

    Raises
    ------
    InstrumentError
        If the files are not in ``$STEMLINE_SHARED``.
    """
    session = yaml.safe_load((ROOT / "examples" / "srtio3.yml").read_text())
    (driver,) = session["ioc"]["instrument"]["drivers"]
    replay = ReplayConfig(**driver)
    experiment = ExperimentConfig(**session["experiment"])
    assert replay.survey is not None
    assert replay.pixel_size is not None
    recording = open_recording(DATA / replay.spectrum_image, DATA / replay.survey, replay.pixel_size * 1e-9)
    spectra = recording.spectra.data.reshape(-1, recording.spectra.data.shape[-1])
    scalarise = experiment.make_scalariser()
    assert isinstance(scalarise, Scalariser)
    energy = recording.spectra.axes[-1].values()
    results = [scalarise(spectrum, energy) for spectrum in spectra]
    survey = recording.survey.data.astype(np.float64)
    pixel = replay.pixel_size / recording.oversampling
    return Measured(
        survey,
        candidates(survey, pixel, grid=experiment.grid, patch_size=experiment.patch_size),
        np.array([result.value for result in results]),
        np.array([result.sigma for result in results]),
    )
