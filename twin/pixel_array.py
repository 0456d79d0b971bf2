"""A pixel-array detector: electrons to numbers.

In order: flux, Poisson, charge sharing, gain, offset and read noise, defects, saturation and quantisation.
Counting detectors (Medipix3 and its like) compare each pulse with a threshold: no read noise, but dead time;
integrating ones (EMPAD and its like) digitise charge: offset and noise, but no loss at high rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

LOSS_FLAGGED = 0.1  # of the counts missed to dead time: beyond, a correction is a guess


@dataclass(frozen=True)
class PixelArray:
    """A detector as bought.

    Attributes
    ----------
    mode
        "counting" or "integrating".
    bit_depth
        Of one pixel; a full one holds ``2 ** bit_depth - 1``.
    point_spread
        Standard deviation of where an electron's charge ends up [px].
    dead_time
        After a pulse, of a pixel that counts [s]; not extended by pulses within it.
    gain
        What one electron adds to an integrating pixel [ADU].
    gain_spread
        Standard deviation of the pixels' gains, relative.
    offset, offset_spread
        What an integrating pixel reads without beam, its mean and spread over the pixels [ADU].
    read_noise
        Of one frame of an integrating pixel [ADU].
    dead, hot
        Share of the pixels that read nothing, and that are full.
    """

    mode: Literal["counting", "integrating"] = "counting"
    bit_depth: int = 12
    point_spread: float = 0.5
    dead_time: float = 1e-6
    gain: float = 1.0
    gain_spread: float = 0.0
    offset: float = 0.0
    offset_spread: float = 0.0
    read_noise: float = 0.0
    dead: float = 0.0
    hot: float = 0.0

    @property
    def full(self) -> int:
        """What a full pixel reads."""
        return (1 << self.bit_depth) - 1

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest unsigned integer that holds a pixel."""
        return np.dtype(f"u{next(size for size in (1, 2, 4) if self.bit_depth <= 8 * size)}")


# Medipix3 at 80 kV, 12 bit; a pixel counts up to some 1e6 electrons per second before losing one in ten.
MERLIN = PixelArray(dead_time=1e-7, dead=2e-4)
# M. W. Tate et al., Microsc. Microanal. 22, 237 (2016): 1e6 : 1 in range, and one electron of 200 keV is 140
# times the noise; as one number a pixel, its two registers put together.
EMPAD = PixelArray(
    "integrating",
    bit_depth=28,  # 1e6 electrons at 140 ADU, and the offset
    point_spread=0.3,
    dead_time=0.0,
    gain=140.0,
    gain_spread=0.02,
    offset=2000.0,
    offset_spread=50.0,
    read_noise=1.0,
    dead=2e-4,
)


@dataclass(frozen=True, eq=False)
class References:
    """What belongs to one detector, ``(ky, kx)`` each: dark [ADU], relative gain, usable and hot pixels."""

    dark: NDArray[np.float64]
    gain: NDArray[np.float64]
    usable: NDArray[np.bool_]
    hot: NDArray[np.bool_]


def references(sensor: PixelArray, shape: tuple[int, int], rng: np.random.Generator) -> References:
    """Make one detector of its kind: draw the offsets, gains and defects of ``(ky, kx)`` pixels."""
    dark = np.zeros(shape)
    if sensor.mode == "integrating":
        dark = sensor.offset + sensor.offset_spread * rng.standard_normal(shape)
    gain = np.maximum(1 + sensor.gain_spread * rng.standard_normal(shape), 0.0)
    drawn = rng.uniform(size=shape)
    hot = drawn < sensor.hot
    return References(dark, gain, ~hot & (drawn >= sensor.hot + sensor.dead), hot)


@dataclass(frozen=True, eq=False)
class Exposed:
    """Frames ``(..., ky, kx)`` as recorded, and where they are wrong.

    Attributes
    ----------
    frames
        Counts or ADU.
    saturated
        Pixels that are full, or missed more than `LOSS_FLAGGED` of their electrons; as `frames` in shape.
    """

    frames: NDArray[np.unsignedinteger]
    saturated: NDArray[np.bool_]


def expose(
    expected: NDArray[np.float64],
    dwell_time: float,
    sensor: PixelArray,
    belongs: References,
    rng: np.random.Generator,
) -> Exposed:
    """Record frames.

    Parameters
    ----------
    expected
        Electrons in each pixel, ``(..., ky, kx)``.
    dwell_time
        Of one frame [s].
    """
    if sensor.mode == "counting":
        return _count(expected, dwell_time, sensor, belongs, rng)
    electrons = rng.poisson(expected).astype(np.float64)
    read = sensor.gain * belongs.gain * spread(electrons, sensor.point_spread) + belongs.dark
    read += sensor.read_noise * rng.standard_normal(expected.shape)
    return _read_out(np.rint(read), np.zeros(expected.shape, bool), sensor, belongs)


def spread(electrons: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Share charge among neighbours; what reaches beyond the detector is lost."""
    if sigma == 0:
        return electrons
    return np.asarray(gaussian_filter(electrons, sigma, axes=(-2, -1), mode="constant"))


def electrons(frames: NDArray[np.generic], sensor: PixelArray, belongs: References) -> NDArray[np.float64]:
    """Electrons in each pixel of frames ``(..., ky, kx)``, by the references; NaN in unusable pixels."""
    read = (frames.astype(np.float64) - belongs.dark) / (sensor.gain * np.maximum(belongs.gain, 1e-6))
    return np.where(belongs.usable, read, np.nan)


def _count(
    expected: NDArray[np.float64],
    dwell_time: float,
    sensor: PixelArray,
    belongs: References,
    rng: np.random.Generator,
) -> Exposed:
    # Each electron is counted in one pixel: sending each its own way leaves counts Poisson, so that sharing
    # may as well come first. A pixel's gain is here how many of the pulses pass its threshold.
    arrived = rng.poisson(belongs.gain * spread(expected, sensor.point_spread))
    # Detectors that are not paralysed count r / (1 + r tau) of the rate r (G. F. Knoll, Radiation Detection
    # and Measurement, ch. 4). Drawn, the variance falls by the cube of the share counted, as it should; by
    # less where more is lost than is flagged.
    live = 1 / (1 + arrived * (sensor.dead_time / dwell_time))
    counted = rng.binomial(arrived, live) if sensor.dead_time > 0 else arrived
    return _read_out(counted, live < 1 - LOSS_FLAGGED, sensor, belongs)


def _read_out(
    read: NDArray[np.generic], lossy: NDArray[np.bool_], sensor: PixelArray, belongs: References
) -> Exposed:
    read = np.where(belongs.hot, sensor.full, np.where(belongs.usable, read, 0))
    frames = np.clip(read, 0, sensor.full).astype(sensor.dtype)
    return Exposed(frames, (lossy | (frames == sensor.full)) & belongs.usable)
