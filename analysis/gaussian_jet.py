"""Local descriptors of an image: the Gaussian jet, in a form that knows directions and one that does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

INVARIANTS = ("mean", "gradient", "laplacian", "anisotropy")
DIRECTED = ("gradient_y", "gradient_x", "stretch", "shear")


def gaussian_jet(image: NDArray[np.float64], scales: Sequence[float]) -> NDArray[np.float64]:
    """Describe every pixel by its Gaussian derivatives up to second order.

    At each scale s: the local mean, ``s |grad L|``, ``s^2 (Lyy + Lxx)`` and the difference of the Hessian's
    eigenvalues, ``s^2 sqrt((Lyy - Lxx)^2 + 4 Lxy^2)`` (scale-normalised derivatives: Lindeberg, Int. J.
    Comput. Vis. 30, 79 (1998)). None of these changes when the image is turned about the pixel. The
    directed ones do: ``s Ly``, ``s Lx``, ``s^2 (Lyy - Lxx)``, ``2 s^2 Lxy``; with the mean and the Laplacian
    they are all of the jet. Edges are mirrored.

    Parameters
    ----------
    image
        ``(ny, nx)``.
    scales
        Standard deviations of the Gaussians [px].

    Returns
    -------
    ``(len(scales), 8, ny, nx)``, in the order of `INVARIANTS` and `DIRECTED`.
    """
    jet = np.empty((len(scales), len(INVARIANTS + DIRECTED), *image.shape))
    for row, s in zip(jet, scales, strict=True):
        first_y, first_x = (gaussian_filter(image, s, order) for order in ((1, 0), (0, 1)))
        yy, xx, xy = (gaussian_filter(image, s, order) for order in ((2, 0), (0, 2), (1, 1)))
        row[0] = gaussian_filter(image, s)
        row[1] = s * np.hypot(first_y, first_x)
        row[2] = s**2 * (yy + xx)
        row[3] = s**2 * np.hypot(yy - xx, 2 * xy)
        row[4], row[5] = s * first_y, s * first_x
        row[6], row[7] = s**2 * (yy - xx), 2 * s**2 * xy
    return jet
