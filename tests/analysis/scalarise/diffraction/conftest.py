import numpy as np
import pytest

from stemline.twin.diffraction import disk


class Disks:
    """Disks on a detector of 80 x 80 pixels of 0.1 mrad, as expected electrons."""

    ky = kx = (np.arange(80) - 39.5) * 0.1

    def at(self, *centres, semi_angle=1.0, electrons=1e4):
        share = electrons / len(centres) * 0.1**2
        return sum(disk(self.ky[:, None] - y, self.kx - x, semi_angle, 0.1) * share for y, x in centres)

    def noisy(self, expected, count, seed=0):
        return np.random.default_rng(seed).poisson(expected, (count, *expected.shape))

    def reduce(self, scalariser, frames):
        return [scalariser(frame, self.ky, self.kx) for frame in frames]


@pytest.fixture
def disks():
    return Disks()
