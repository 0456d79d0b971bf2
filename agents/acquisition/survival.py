"""What a candidate is still worth after what the beam has done around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def survival(
    positions: NDArray[np.float64],
    exposed: NDArray[np.float64],
    electrons: NDArray[np.float64],
    spread: float,
    critical_dose: float,
) -> NDArray[np.float64]:
    """Return which share of the specimen is still as it was, ``exp(-D / critical_dose)``, ``(n,)``.

    First-order damage (R. F. Egerton, P. Li, M. Malac, Micron 35, 399 (2004), sec. 2: the characteristic dose
    leaves 1/e), with the dose of Gaussian footprints,
    ``D(x) = sum_i N_i exp(-|x - x_i|^2 / 2 s^2) / (2 pi s^2)``.

    Parameters
    ----------
    positions
        Of the candidates ``(n, 2)`` [nm].
    exposed, electrons
        Where the beam was ``(k, 2)`` [nm], and with how many electrons ``(k,)``.
    spread
        s: how far damage reaches, one standard deviation [nm].
    critical_dose
        [e-/Å^2].
    """
    squares = np.square(positions[:, None, :] - exposed[None, :, :]).sum(axis=-1)
    per_square_nm = np.exp(-squares / (2 * spread**2)) @ electrons / (2 * np.pi * spread**2)
    survived: NDArray[np.float64] = np.exp(-per_square_nm / 100.0 / critical_dose)  # 1 nm^2 is 100 Å^2
    return survived
