"""What is lost is what is said to be lost."""

from __future__ import annotations

import numpy as np
import pytest

from stemline.analysis.codecs.lossy import PrincipalPatterns, binned, loss
from stemline.analysis.codecs.lossy.principal_patterns import NotFew
from stemline.analysis.virtual_detectors import annulus

SIZE = 24
ADF = annulus((SIZE, SIZE), (SIZE / 2, SIZE / 2), 5, 12)


def mixtures(count: int, electrons: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Expected counts made of three patterns, and frames with Poisson noise."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((SIZE, SIZE))
    places = ((12, 12, 5), (6, 8, 3), (17, 15, 4))
    patterns = np.stack([np.exp(-((y - a) ** 2 + (x - b) ** 2) / (2 * s**2)) + 0.02 for a, b, s in places])
    patterns /= patterns.sum(axis=(1, 2), keepdims=True)
    means = electrons * np.einsum("nk,kyx->nyx", rng.dirichlet(np.ones(3), count), patterns)
    return means, rng.poisson(means).astype("u2")


def test_components_are_as_many_as_there_are() -> None:
    means, frames = mixtures(300, 3000)
    found = PrincipalPatterns.fit(frames)
    assert len(found.components) == 2  # three patterns whose shares sum to one
    assert found.chi_squared <= found.limit < 1.05
    clean = found.frames(found.scores(frames))
    assert ((clean - means) ** 2).mean() < 0.05 * ((frames - means) ** 2).mean()


def test_scores_of_new_frames() -> None:
    found = PrincipalPatterns.fit(mixtures(300, 3000)[1])
    means, frames = mixtures(50, 3000, seed=1)
    assert ((found.frames(found.scores(frames)) - means) ** 2).mean() < 0.05 * means.mean()


def test_frames_that_are_no_mixtures_are_refused() -> None:
    rng = np.random.default_rng(2)
    frames = rng.poisson(rng.uniform(0, 20, (200, SIZE, SIZE))).astype("u2")
    with pytest.raises(NotFew, match="losslessly"):
        PrincipalPatterns.fit(frames)
    with pytest.raises(NotFew, match="electrons"):
        PrincipalPatterns.fit(np.zeros((5, 4, 4), "u2"))


def test_noise_alone_needs_no_component() -> None:
    frames = np.random.default_rng(3).poisson(4.0, (200, SIZE, SIZE)).astype("u2")
    assert len(PrincipalPatterns.fit(frames).components) == 0


def test_the_loss_is_below_the_noise() -> None:
    """The approximation moves centres, and changes ADF, by less than the electrons' noise does."""
    _, frames = mixtures(300, 3000)
    found = PrincipalPatterns.fit(frames)
    stated = loss(frames, found.frames(found.scores(frames)), ADF)
    assert 0 < stated.centre_of_mass < 1
    assert 0 < stated.detector < 1
    nothing = loss(frames, frames, ADF)
    assert nothing.worst_centre_of_mass == nothing.worst_detector == 0


def test_binning_loses_no_electron_and_moves_each_by_little() -> None:
    _, frames = mixtures(40, 500)
    for factor in (1, 2, 3, 4):
        small = binned(frames, factor)
        assert np.array_equal(small.sum(axis=(1, 2)), frames.sum(axis=(1, 2)))
        places = np.arange(SIZE // factor) * factor + (factor - 1) / 2
        centre = (small.sum(axis=2) @ places) / small.sum(axis=(1, 2))
        true = (frames.sum(axis=2) @ np.arange(SIZE)) / frames.sum(axis=(1, 2))
        assert np.abs(centre - true).max() <= (factor - 1) / 2
    with pytest.raises(ValueError, match="binned by 5"):
        binned(frames, 5)
    with pytest.raises(OverflowError, match="too many"):
        binned(np.full((1, 2, 2), 255, "u1"), 2)
