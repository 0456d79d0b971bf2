"""Few patterns whose mixtures are all frames, as far as Poisson noise lets one tell.

Pixels are scaled by the root of their mean, which makes the noise the same in all of them (Keenan and Kotula,
Surf. Interface Anal. 36, 203 (2004)); as many components are kept as it takes for the residual to be noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Frames = NDArray[np.unsignedinteger]
SEEN = 5.0  # counts over all frames from which on a pixel has a say in the test


class NotFew(ValueError):
    """No small number of patterns explains the frames to within their noise."""


@dataclass(frozen=True)
class PrincipalPatterns:
    """A mean pattern and components, and how well they describe the frames.

    Attributes
    ----------
    mean
        ``(ky, kx)``.
    components
        ``(k, ky, kx)`` in counts, orthonormal after division by the root of the mean.
    chi_squared
        Of the residual for each degree of freedom; 1 is Poisson noise, below `limit` is called so.
    limit
        1 and three standard deviations of it.
    """

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    chi_squared: float
    limit: float

    @classmethod
    def fit(cls, frames: Frames, most: int = 32) -> Self:
        """Find components of frames ``(n, ky, kx)``, the fewest that leave only noise.

        Raises
        ------
        NotFew
            If even `most` of them leave more: store these frames losslessly.
        """
        n = len(frames)
        flat = frames.reshape(n, -1).astype(np.float64)
        mean = flat.mean(axis=0)
        used = mean * n >= SEEN
        if n < 2 or not used.any():
            raise NotFew("too few electrons to find components: store the frames losslessly")
        scale = np.sqrt(mean[used])
        white = (flat[:, used] - mean[used]) / scale
        values, vectors = eigh(white @ white.T)
        values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
        residual = values.sum() - np.concatenate([[0], np.cumsum(values)])
        pixels = int(used.sum())
        # of a count in units of its mean: the fourth moment of a Poisson law is 3 + 1 / mean
        spread = np.sqrt(np.mean(2 + 1 / mean[used]))
        for k in range(min(most, n - 1) + 1):
            freedom = (n - 1 - k) * (pixels - k)
            if freedom <= 0:
                break
            limit = 1 + 3 * spread / np.sqrt(freedom)
            chi_squared = residual[k] / freedom
            if chi_squared <= limit:
                components = np.zeros((k, flat.shape[1]))
                components[:, used] = (vectors[:, :k].T @ white) / np.sqrt(values[:k, None]) * scale
                shape = frames.shape[1:]
                return cls(
                    mean.reshape(shape).astype(np.float32),
                    components.reshape(k, *shape).astype(np.float32),
                    float(chi_squared),
                    float(limit),
                )
        raise NotFew(f"more than {most} patterns are needed: store the frames losslessly")

    def scores(self, frames: Frames) -> NDArray[np.float32]:
        """Describe frames ``(n, ky, kx)`` by ``(n, k)`` numbers: all that has to be stored of them."""
        mean = self.mean.ravel().astype(np.float64)
        weights = np.divide(1.0, mean, out=np.zeros_like(mean), where=mean > 0)
        centred = frames.reshape(len(frames), -1) - mean
        return (centred * weights @ self.components.reshape(len(self.components), -1).T).astype(np.float32)

    def frames(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mix frames from their scores: expected counts, no noise, none below zero."""
        k, ky, kx = self.components.shape
        mixed = self.mean.ravel() + scores @ self.components.reshape(k, ky * kx)
        return np.maximum(mixed, 0).astype(np.float32).reshape(-1, ky, kx)
