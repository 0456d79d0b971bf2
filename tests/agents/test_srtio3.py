"""The agent's prediction of measured spectra it has not seen, from their surroundings in the HAADF image."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from stemline.agents.dkl_agent import DKLAgent
from stemline.analysis.featurise import candidates
from stemline.analysis.scalarise import make_scalariser
from stemline.devices.instruments.replay.recording import open_recording

SHARED = Path(os.environ.get("STEMLINE_SHARED", Path(__file__).parents[3] / "shared" / "data"))
FILES = SHARED / "DMReader_SpectrumImage_SI-EELS.dm3", SHARED / "DMReader_SI-HAADF.dm3"


@pytest.fixture(scope="module")
def sto():
    pytest.importorskip("rsciio")
    if not all(file.is_file() for file in FILES):
        pytest.skip(f"measured data {FILES[0]} is not here: set STEMLINE_SHARED")
    recording = open_recording(*FILES, pixel_size=0.15e-9)
    ny, nx, channels = recording.spectra.data.shape
    scalarise = make_scalariser(
        "integrated_intensity", window=[452, 466], background="power_law", fit_window=[400, 445], gain=10
    )
    energy = recording.spectra.axes[-1].values()
    results = [scalarise(spectrum, energy) for spectrum in recording.spectra.data.reshape(-1, channels)]
    survey = recording.survey.data.astype(float)
    means = np.pad(survey.reshape(ny, 32, nx, 32).mean((1, 3)), 1, mode="symmetric")
    # Two layers of five rows each, one Ti-rich, one at the Ti-poor interface.
    held_out = np.isin(np.repeat(np.arange(ny), nx), [*range(5, 10), *range(20, 25)])
    return SimpleNamespace(
        found=candidates(survey, 0.15 / 32, grid=(ny, nx)),
        values=np.array([result.value for result in results]),
        sigmas=np.array([result.sigma for result in results]),
        block_means=np.lib.stride_tricks.sliding_window_view(means, (3, 3)).reshape(ny * nx, 9),
        held_out=held_out,
        points=np.random.default_rng(0).permutation(np.flatnonzero(~held_out))[:80],
    )


def predicted(sto, features):
    agent = DKLAgent(features, sto.found.positions)
    agent.ingest(
        [
            {"_id": n, "scanner_y": y, "scanner_x": x, "value": sto.values[i], "sigma": sto.sigmas[i]}
            for n, (i, (y, x)) in enumerate(zip(sto.points, sto.found.positions[sto.points], strict=True))
        ]
    )
    return agent.predict()[0]


def judge(sto, prediction):
    error = (prediction - sto.values)[sto.held_out]
    return np.corrcoef(prediction[sto.held_out], sto.values[sto.held_out])[0, 1], np.sqrt(np.mean(error**2))


def test_beats_least_squares_and_the_mean(sto) -> None:
    design = np.column_stack([np.ones(len(sto.values)), sto.block_means])
    fit, *_ = np.linalg.lstsq(design[sto.points], sto.values[sto.points], rcond=None)
    (r, error), (peer_r, peer_error) = (
        judge(sto, predicted(sto, sto.found.features)),
        judge(sto, design @ fit),
    )
    mean_error = np.sqrt(np.mean((sto.values[sto.points].mean() - sto.values[sto.held_out]) ** 2))
    assert r > max(0.6, peer_r + 0.1)
    assert error < 0.8 * min(peer_error, mean_error)


def test_patches_tell_more_than_positions(sto) -> None:
    features = sto.found.features
    shuffled = [
        judge(sto, predicted(sto, np.random.default_rng(seed).permutation(features)))[1] for seed in range(3)
    ]
    assert judge(sto, predicted(sto, features))[1] < 0.85 * np.median(shuffled)
