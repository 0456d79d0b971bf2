"""Square patches around grid positions, and their principal components."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.linalg import eigh

ENOUGH = 4096  # patches the components are found from; they overlap, so that more would say nothing new


def cut_patches(image: NDArray[np.float64], step: int, size: int) -> NDArray[np.float32]:
    """Cut a patch centred on every `step` x `step` block of an image.

    The image is mirrored at its edges, so that the outermost blocks have patches too.

    Parameters
    ----------
    image
        ``(gy * step, gx * step)``.
    step, size
        Of a block and of a patch [px]; both even or both odd, for a patch to be centred.

    Returns
    -------
    ``(gy, gx, size, size)``, a view: all patches of a large image would not fit into memory.
    """
    margin = (size - step) // 2
    padded = np.pad(image.astype(np.float32), margin, mode="symmetric")
    return sliding_window_view(padded, (size, size))[::step, ::step]


def principal_scores(patches: NDArray[np.float32], components: int) -> NDArray[np.float64]:
    """Project patches on their leading principal components.

    Parameters
    ----------
    patches
        ``(gy, gx, size, size)``.

    Returns
    -------
    ``(gy * gx, components)``. Signs are fixed (each component's largest element is positive), so that the
    scores are reproducible. Fewer patches than components leave columns of zeros.
    """
    gy, gx = patches.shape[:2]
    rows = _sample(patches)
    mean = rows.mean(axis=0)
    axes = _principal_axes(rows - mean, components)
    scores = np.zeros((gy * gx, components))
    for y, line in enumerate(patches):
        scores[y * gx : (y + 1) * gx, : axes.shape[1]] = (line.reshape(gx, -1) - mean) @ axes
    return scores


def _sample(patches: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return all patches, or enough of them, as rows."""
    gy, gx = patches.shape[:2]
    # Drawn, since every n-th patch could be the same place of a lattice.
    drawn = np.random.default_rng(0).permutation(gy * gx)[:ENOUGH] if gy * gx > ENOUGH else np.arange(gy * gx)
    return patches[np.divmod(drawn, gx)].reshape(len(drawn), -1).astype(np.float64)


def _principal_axes(rows: NDArray[np.float64], components: int) -> NDArray[np.float64]:
    few = len(rows) < rows.shape[1]  # the smaller of the two Gram matrices has the same spectrum
    gram = rows @ rows.T if few else rows.T @ rows
    last = len(gram) - 1
    _, vectors = eigh(gram, subset_by_index=(max(last + 1 - components, 0), last))
    leading = vectors[:, ::-1]
    axes: NDArray[np.float64] = rows.T @ leading if few else leading
    axes /= np.maximum(np.linalg.norm(axes, axis=0), np.finfo(float).tiny)
    return axes * np.where(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], 0) < 0, -1.0, 1.0)
