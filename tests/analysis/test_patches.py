from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from stemline.analysis.patches import cut_patches, principal_scores


@pytest.mark.parametrize(("step", "size"), [(1, 5), (2, 4), (4, 8)])
def test_patches_are_centred_on_their_block(step: int, size: int) -> None:
    image = np.arange(16.0 * 16).reshape(16, 16)
    patches = cut_patches(image, step, size)
    assert patches.shape == (16 // step, 16 // step, size, size)
    blocks = image.reshape(16 // step, step, 16 // step, step).mean(axis=(1, 3))
    inner = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(patches.mean(axis=(2, 3))[inner], blocks[inner])


def test_edges_are_mirrored() -> None:
    image = np.arange(25.0).reshape(5, 5)
    np.testing.assert_array_equal(cut_patches(image, 1, 3)[0, 0], [[0, 0, 1], [0, 0, 1], [5, 5, 6]])


@pytest.mark.parametrize("grid", [(3, 4), (20, 20)])  # fewer patches than pixels, and more
def test_scores_are_the_projection_of_largest_variance(grid: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    patches = rng.normal(size=(*grid, 5, 5)).astype(np.float32)
    scores = principal_scores(patches, 6)
    rows = patches.reshape(-1, 25).astype(float)
    singular = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(scores, axis=0), singular[:6], rtol=1e-5)
    np.testing.assert_array_equal(scores, principal_scores(patches, 6))


def test_more_components_than_patches_are_zero() -> None:
    scores = principal_scores(np.random.default_rng(0).normal(size=(1, 3, 4, 4)).astype(np.float32), 5)
    assert scores.shape == (3, 5)
    np.testing.assert_allclose(scores[:, 3:], 0.0)


def test_a_draw_of_many_patches_has_the_components_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    image = gaussian_filter(np.random.default_rng(2).normal(size=(48, 48)), 3)
    patches = cut_patches(image, 1, 9)
    every = principal_scores(patches, 3)
    monkeypatch.setattr("stemline.analysis.patches.ENOUGH", 600)
    drawn = principal_scores(patches, 3)
    assert drawn.shape == every.shape
    for one, other in zip(drawn.T, every.T, strict=True):
        assert abs(np.corrcoef(one, other)[0, 1]) > 0.98
