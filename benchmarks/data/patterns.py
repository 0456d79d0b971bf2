"""Diffraction frames to measure with: Poisson counts of 64 mean patterns, all made here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

SIZE = 256
PATTERNS = 64
DOSES = (0.02, 0.5, 10.0)  # mean electrons a pixel


@dataclass(frozen=True)
class Patterns:
    """Frames and what they were drawn from.

    Attributes
    ----------
    frames
        ``(n, 256, 256)`` uint16.
    bound
        Entropy [bits a pixel]: what a coder needs that knows the mean of each frame.
    """

    frames: NDArray[np.uint16]
    bound: float

    @property
    def ratio(self) -> float:
        """Compression ratio that no lossless coder exceeds."""
        return 16 / self.bound


def draw(dose: float, count: int, seed: int = 0) -> Patterns:
    """Draw `count` frames: a disk, 18 Bragg disks and a tail, the beam within 3 px of the middle."""
    rng = np.random.default_rng(seed)
    means = np.stack([_mean(rng) for _ in range(PATTERNS)])
    means *= dose / means.mean(axis=(1, 2), keepdims=True)
    which = rng.integers(PATTERNS, size=count)
    frames = np.empty((count, SIZE, SIZE), np.uint16)
    for number, pattern in enumerate(which):
        frames[number] = rng.poisson(means[pattern])
    entropies = np.array([_poisson_entropy(mean) for mean in means])
    return Patterns(frames, float(entropies[which].mean()))


def _mean(rng: np.random.Generator) -> NDArray[np.float64]:
    y, x = np.indices((SIZE, SIZE)) - SIZE / 2
    shift = rng.uniform(-3, 3, 2)
    y, x = y - shift[0], x - shift[1]
    pattern = _disk(y, x)
    first, second = np.arange(6) * np.pi / 3, np.arange(6) * np.pi / 3 + np.pi / 6
    for radius, angles in ((36.0, first), (36.0 * np.sqrt(3), second), (72.0, first)):
        for angle in angles:
            intensity = 0.3 * np.exp(-radius / 40) * rng.lognormal(0, 0.3)
            pattern += intensity * _disk(y - radius * np.sin(angle), x - radius * np.cos(angle))
    return pattern + 0.045 / (1 + (np.hypot(y, x) / 37) ** 3)


def _disk(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Disk of 12 px radius whose edge is a pixel wide."""
    return 1 / (1 + np.exp((np.hypot(y, x) - 12) / 0.5))


def _poisson_entropy(mean: NDArray[np.float64]) -> float:
    """Mean entropy of pixels [bits]."""
    rates = np.exp(np.linspace(np.log(mean.min()), np.log(mean.max()), 400))
    counts = np.arange(int(rates.max() + 12 * np.sqrt(rates.max()) + 20))[:, None]
    logs = counts * np.log(rates) - rates - gammaln(counts + 1)
    entropies = -(np.exp(logs) * logs).sum(axis=0) / np.log(2)
    return float(np.interp(mean.ravel(), rates, entropies).mean())
