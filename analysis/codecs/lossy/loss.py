"""What an approximation does to what is measured, against the noise that was there anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Loss:
    """Errors of frames that were approximated; 1 is one standard deviation of the electrons' own noise.

    Attributes
    ----------
    centre_of_mass
        Root mean square, over frames and both axes, of the error in units of ``extent / sqrt(N)``.
    detector
        The same of the counts of a virtual detector, in units of ``sqrt(counts)``.
    worst_centre_of_mass, worst_detector
        The largest.
    """

    centre_of_mass: float
    detector: float
    worst_centre_of_mass: float
    worst_detector: float


def loss(
    frames: NDArray[np.generic], approximation: NDArray[np.generic], detector: NDArray[np.bool_]
) -> Loss:
    """Compare frames ``(n, ky, kx)`` with an approximation of theirs; frames without electrons are left out.

    Parameters
    ----------
    frames, approximation
        Of the same shape.
    detector
        ``(ky, kx)`` pixels of a virtual detector, for example ADF.
    """
    true, wrong = (np.asarray(data, np.float64) for data in (frames, approximation))
    some = true.sum(axis=(1, 2)) > 0
    true, wrong = true[some], wrong[some]
    counts, centre, extent = _moments(true)
    off = np.abs(_moments(wrong)[1] - centre) / np.maximum(np.sqrt(extent / counts[:, None]), 1e-12)
    seen = true[:, detector].sum(axis=1)
    missed = np.abs(wrong[:, detector].sum(axis=1) - seen) / np.sqrt(np.maximum(seen, 1))
    return Loss(_rms(off), _rms(missed), float(off.max(initial=0)), float(missed.max(initial=0)))


def _moments(
    frames: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give counts (n), centre of mass and variance of an electron's place, both (n, 2)."""
    _, ky, kx = frames.shape
    rows, columns = frames.sum(axis=2), frames.sum(axis=1)
    counts = rows.sum(axis=1)
    y, x = np.arange(float(ky)), np.arange(float(kx))
    total = np.where(counts > 0, counts, np.nan)[:, None]
    centre = np.stack([rows @ y, columns @ x], axis=1) / total
    return counts, centre, np.stack([rows @ y**2, columns @ x**2], axis=1) / total - centre**2


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt((values**2).mean())) if values.size else 0.0
