"""Single-sideband ptychography: the phase of a weak phase object, in one linear step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float64]


def single_sideband(
    values: NDArray[np.floating] | NDArray[np.integer],
    angles: Floats,
    step: float,
    wavelength: float,
    semi_angle: float,
    damping: float = 0.0,
) -> Floats:
    """Reconstruct the phase that the specimen adds to the wave.

    In a weak phase object ``1 + i phi`` the Fourier transform over the probe positions, at a pixel ``k`` of
    the bright-field disk and a spatial frequency ``Q``, is ``i phi(Q) [A(k - Q) - A(k + Q)]`` times the
    intensity in a pixel, A being 1 in the aperture (J. M. Rodenburg, B. C. McCallum and P. D. Nellist,
    Ultramicroscopy 48, 304 (1993); T. J. Pennycook et al., Ultramicroscopy 151, 160 (2015)). Pixels in
    one of the two overlaps are summed with its sign. Frequencies beyond twice the semi-angle are not
    transferred.

    Parameters
    ----------
    values
        Electrons at each probe position in each pixel of the bright-field disk, ``(ny, nx, pixels)``. Pixels
        have equal areas; a disk some 16 pixels wide is fine enough.
    angles
        Angles (ky, kx) of the pixels from the disk's centre, in the scan's frame, ``(pixels, 2)`` [mrad].
    step
        Distance of probe positions [nm].
    wavelength
        Of the electrons [nm].
    semi_angle
        Convergence semi-angle [mrad].
    damping
        0 divides by the number of pixels that transfer a frequency, which is exact without noise; larger ones
        suppress frequencies which this share of all pixels, or fewer, transfer (a Wiener filter).

    Returns
    -------
    ndarray
        Phase, ``(ny, nx)`` [rad], its mean 0.

    Raises
    ------
    ValueError
        If the shapes do not fit, or no pixel lies in the disk.
    """
    ny, nx, pixels = values.shape
    if angles.shape != (pixels, 2):
        raise ValueError(f"{pixels} pixels, but angles of shape {angles.shape}: give (pixels, 2)")
    inside = np.hypot(*angles.T) < semi_angle
    if not inside.any():
        raise ValueError(f"no pixel within {semi_angle:g} mrad of the disk's centre: check the calibration")
    k = angles[inside]
    images = np.asarray(values[..., inside], dtype=np.float64)
    spectra = fft.rfft2(images, axes=(0, 1)) / images.mean()
    qy = 1e3 * wavelength * fft.fftfreq(ny, step)
    qx = 1e3 * wavelength * fft.rfftfreq(nx, step)
    phase = np.zeros((ny, len(qx)), dtype=np.complex128)
    for row, q in enumerate(qy):  # a row at a time: the signs of all frequencies would take gigabytes
        sign = _sidebands(k, q, qx, semi_angle)
        transferred = np.abs(sign).sum(axis=1)
        weight = transferred + damping * len(k)
        summed = np.einsum("fp,fp->f", sign, spectra[row])
        phase[row] = np.divide(-1j * summed, weight, out=phase[row], where=transferred > 0)
    return np.asarray(fft.irfft2(phase, s=(ny, nx)))


def _sidebands(k: Floats, qy: float, qx: Floats, semi_angle: float) -> Floats:
    """Sign with which each pixel counts for each frequency ``(qy, qx)``, shape ``(frequencies, pixels)``."""
    ky, kx = k.T
    minus = np.hypot(ky - qy, kx - qx[:, None]) < semi_angle
    plus = np.hypot(ky + qy, kx + qx[:, None]) < semi_angle
    return np.asarray(minus.astype(np.float64) - plus)
