"""Square patches around grid positions, and their principal components."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.linalg import eigh


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
    ``(gy * gx, size, size)``, rows of the grid one after the other.
    """
    margin = (size - step) // 2
    padded = np.pad(image.astype(np.float32), margin, mode="symmetric")
    windows = sliding_window_view(padded, (size, size))[::step, ::step]
    return windows.reshape(-1, size, size)


def principal_scores(patches: NDArray[np.float32], components: int) -> NDArray[np.float64]:
    """Project patches ``(n, size, size)`` on their leading principal components, ``(n, components)``.

    Signs are fixed (each component's largest element is positive), so that the scores are reproducible. Fewer
    patches than components leave columns of zeros.
    """
    rows = patches.reshape(len(patches), -1).astype(np.float64)
    rows -= rows.mean(axis=0)
    few = len(rows) < rows.shape[1]  # the smaller of the two Gram matrices has the same spectrum
    gram = rows @ rows.T if few else rows.T @ rows
    last = len(gram) - 1
    _, vectors = eigh(gram, subset_by_index=(max(last + 1 - components, 0), last))
    leading = vectors[:, ::-1]
    axes = rows.T @ leading if few else leading
    axes /= np.maximum(np.linalg.norm(axes, axis=0), np.finfo(float).tiny)
    axes *= np.where(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], 0) < 0, -1.0, 1.0)
    scores = np.zeros((len(rows), components))
    scores[:, : axes.shape[1]] = rows @ axes
    return scores
