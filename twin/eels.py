"""Low-loss EELS: zero-loss peak, bulk plasmons and surface modes, with plural scattering."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from .material import Plasmon

TAIL = 0.02  # of the zero-loss electrons lie in Lorentzian wings


def mean_free_path(atomic_number: int, beam_energy: float, collection_angle: float) -> float:
    """Inelastic mean free path [nm] for losses collected within `collection_angle` [mrad].

    T. Malis, S. C. Cheng, R. F. Egerton, J. Electron Microsc. Tech. 8, 193 (1988); good to some 20 %.
    """
    kilo = beam_energy / 1e3  # [keV], the formula's unit
    relativistic = (1 + kilo / 1022) / (1 + kilo / 511) ** 2
    mean_loss = 7.6 * math.pow(atomic_number, 0.36)
    # The formula holds while the angle is well below the Bethe ridge, and well above that of the mean loss.
    logarithm = max(math.log(2 * collection_angle * kilo / mean_loss), 1.0)
    return 106 * relativistic * kilo / (mean_loss * logarithm)


def zero_loss(energy: NDArray[np.float64], fwhm: float) -> NDArray[np.float64]:
    """Density of the zero-loss peak [1/eV]: a Gaussian of `fwhm` [eV] with Lorentzian wings."""
    sigma = fwhm / math.sqrt(8 * math.log(2))
    gaussian = np.exp(-0.5 * (energy / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    lorentzian = fwhm / 2 / np.pi / (energy**2 + (fwhm / 2) ** 2)
    return np.asarray((1 - TAIL) * gaussian + TAIL * lorentzian)


def drude(energy: NDArray[np.float64], plasmon: Plasmon) -> NDArray[np.float64]:
    """Density of a Drude plasmon's losses [1/eV], ``Im(-1/eps)`` over its integral; zero below 0 eV.

    The width must be less than twice the energy.
    """
    e, square, width = np.maximum(energy, 0), plasmon.energy**2, plasmon.width
    root = math.sqrt(square - width**2 / 4)
    integral = square / (2 * root) * (math.pi / 2 + math.atan2(square - width**2 / 2, width * root))
    return np.asarray(e * width * square / ((e**2 - square) ** 2 + (e * width) ** 2) / integral)


@dataclass(frozen=True)
class EnergyAxis:
    """Energy losses ``offset + dispersion * arange(channels)`` [eV]."""

    offset: float = -5.0
    dispersion: float = 0.05
    channels: int = 1024

    def values(self) -> NDArray[np.float64]:
        """Energy loss of each channel, shape ``(channels,)`` [eV]."""
        return np.asarray(self.offset + self.dispersion * np.arange(self.channels), np.float64)


@dataclass(frozen=True, eq=False)
class LowLoss:
    """Spectra from single losses, convolved as often as they happen.

    With ``s(E)`` the mean number of losses per electron and eV, the Fourier transform of the spectrum is that
    of the zero-loss peak times ``exp(s(nu) - s(0))``: the Fourier-log relation of R. F. Egerton, Electron
    Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed., sec. 4.1, read forwards.

    Attributes
    ----------
    axis
        The axis spectra are recorded on.
    zero_loss
        Transform of the damped zero-loss peak, shape ``(frequencies,)``.
    losses
        Transform of each kind of single loss, damped, shape ``(kinds, frequencies)``.
    growth
        What undoes the damping, shape ``(channels,)``.
    """

    axis: EnergyAxis
    zero_loss: NDArray[np.complex128]
    losses: NDArray[np.complex128]
    growth: NDArray[np.float64]

    def spectra(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of the electrons in each channel, shape ``(n, channels)``.

        `means`, shape ``(n, kinds)``, is the mean number of losses of each kind per electron.
        """
        single = (means @ self.losses.view(np.float64)).view(np.complex128)
        transform = self.zero_loss * np.exp(single - means.sum(axis=1, keepdims=True))
        return np.maximum(irfft(transform)[:, : self.axis.channels] * self.growth, 0)


def low_loss(
    axis: EnergyAxis, fwhm: float, bulk: Sequence[Sequence[Plasmon]], surface: Sequence[Plasmon]
) -> LowLoss:
    """Prepare spectra with a zero-loss peak of `fwhm` [eV].

    The kinds of single loss are, in order, those of each material in `bulk` (whose shares add up to one) and
    each mode in `surface`.
    """
    size = 2 * next_fast_len(axis.channels, real=True)
    index = np.arange(size, dtype=np.float64)
    loss = index * axis.dispersion
    # What is lost beyond the end of the axis comes back at its start, the transform being periodic. Damping
    # by exp(-rate E), which convolution keeps, makes that a millionth.
    rate = math.log(1e6) / (size * axis.dispersion)
    around = np.where(index < axis.channels, index, index - size) * axis.dispersion
    densities = [sum((p.share * drude(loss, p) for p in kind), np.zeros(size)) for kind in bulk]
    densities += [drude(loss, mode) for mode in surface]
    return LowLoss(
        axis,
        rfft(zero_loss(axis.offset + around, fwhm) * np.exp(-rate * around) * axis.dispersion),
        rfft(np.array(densities).reshape(-1, size) * np.exp(-rate * loss) * axis.dispersion),
        np.exp(rate * loss[: axis.channels]),
    )
