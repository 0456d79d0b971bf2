"""How the scan lies on the detector, found from the deflections themselves.

The deflections of a thin specimen are the gradient of a potential, so that they have no curl. Seen by a
detector that is rotated against the scan, or mirrored, they seem to have one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ScanOrientation:
    """Takes deflections in the scan's frame (y, x) to the detector's (ky, kx).

    Attributes
    ----------
    matrix
        Signed, ``((yy, yx), (xy, xx))``, orthogonal.
    residual
        Curl that is left, relative to the divergence (root mean squares): small if the orientation is right.
    mirrored_residual
        The least for the other handedness; close to `residual`, the handedness is not known.
    """

    matrix: tuple[tuple[float, float], tuple[float, float]]
    residual: float = math.nan
    mirrored_residual: float = math.nan

    @property
    def rotation(self) -> float:
        """Of the detector against the scan [deg]; where it is mirrored, ky is turned over after that."""
        return math.degrees(math.atan2(-self.matrix[1][0], self.matrix[1][1]))

    @property
    def mirrored(self) -> bool:
        """Whether the handedness changes."""
        (yy, yx), (xy, xx) = self.matrix
        return yy * xx - yx * xy < 0

    def to_scan(self, deflections: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn deflections ``(..., 2)`` (ky, kx) into the scan's frame (y, x)."""
        return np.asarray(deflections @ np.array(self.matrix))  # the inverse is the transpose


def find_orientation(
    deflections: NDArray[np.float64], potential_image: NDArray[np.float64] | None = None
) -> ScanOrientation:
    """Find the orientation that leaves the least curl, for both handednesses, in closed form.

    Parameters
    ----------
    deflections
        ``(ny, nx, 2)`` as (ky, kx), on square pixels, without descan.
    potential_image
        ``(ny, nx)``, large where the potential is: HAADF of atoms. Without it a half turn, which changes the
        sign of all and the curl of none, can't be known; the rotation within 90 degrees is given.

    Raises
    ------
    ValueError
        If there is no deflection to see.
    """
    if deflections.ndim != 3 or deflections.shape[2] != 2 or min(deflections.shape[:2]) < 3:
        raise ValueError(
            f"deflections of shape {deflections.shape}: give (ny, nx, 2), at least 3 x 3 positions"
        )
    found = [_turn(deflections, mirror) for mirror in (1.0, -1.0)]
    if not all(math.isfinite(residual) for _, residual in found):
        raise ValueError("the deflections do not vary: scan over something that deflects")
    (matrix, residual), (_, other) = sorted(found, key=lambda one: one[1])
    if _wrong_way(deflections @ matrix, matrix, potential_image):
        matrix = -matrix
    (yy, yx), (xy, xx) = matrix.tolist()
    return ScanOrientation(((yy, yx), (xy, xx)), residual, other)


def curl_and_divergence(field: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Curl and divergence ``(ny, nx)`` [per pixel] of a field ``(ny, nx, 2)`` as (y, x)."""
    dy_dy, dy_dx = np.gradient(field[..., 0])
    dx_dy, dx_dx = np.gradient(field[..., 1])
    return np.asarray(dx_dy - dy_dx), np.asarray(dy_dy + dx_dx)


def _turn(deflections: NDArray[np.float64], mirror: float) -> tuple[NDArray[np.float64], float]:
    """Matrix of the least curl with this handedness, and the curl over the divergence that it leaves."""
    field = deflections * (mirror, 1.0)
    curl, divergence = (part.ravel() for part in curl_and_divergence(field))
    # Turned by t, the curl is c cos t + d sin t and the divergence d cos t - c sin t: the sum of squares is
    # least along an eigenvector.
    both = np.stack([curl, divergence])
    values, vectors = np.linalg.eigh(both @ both.T)
    cos, sin = vectors[:, 0]
    if cos < 0 or (cos == 0 and sin < 0):
        cos, sin = -cos, -sin
    turn = np.array([[cos, -sin], [sin, cos]])  # field (y, x) -> scan
    to_scan = turn @ np.diag([mirror, 1.0])
    residual = math.sqrt(max(values[0], 0.0) / values[1]) if values[1] > 0 else math.nan
    return np.asarray(to_scan.T), residual


def _wrong_way(
    field: NDArray[np.float64], matrix: NDArray[np.float64], potential_image: NDArray[np.float64] | None
) -> bool:
    if potential_image is None:
        return bool(matrix[1, 1] < 0)
    # Electrons go towards a high potential, and around its top the deflections converge.
    _, divergence = curl_and_divergence(field)
    image = potential_image - potential_image.mean()
    return bool((divergence * image).sum() > 0)
