import math

import numpy as np
import pytest

from stemline.analysis.scalarise import make_scalariser


def test_a_ratio_with_the_error_of_a_part(disks):
    # Half the disk's electrons are within alpha / sqrt(2); a part of a total scatters binomially.
    scalarise = make_scalariser("virtual_detector_ratio", annulus=[0, 1 / math.sqrt(2)])
    results = disks.reduce(scalarise, disks.noisy(disks.at((0.0, 0.0), electrons=1000), 600))
    assert np.mean([one.value for one in results]) == pytest.approx(0.5, abs=0.02)
    assert np.mean([one.sigma for one in results]) == pytest.approx(math.sqrt(0.25 / 1000), rel=0.03)
    assert np.std([one.value for one in results]) == pytest.approx(math.sqrt(0.25 / 1000), rel=0.08)


def test_annuli_are_checked():
    with pytest.raises(ValueError, match="annulus .* is empty"):
        make_scalariser("virtual_detector_ratio", annulus=[3, 2])
    with pytest.raises(ValueError, match="virtual_detector_ratio needs annulus"):
        make_scalariser("virtual_detector_ratio")


def test_a_detector_too_small_for_the_annulus_is_refused(disks):
    scalarise = make_scalariser("virtual_detector_ratio", annulus=[2, 6])
    with pytest.raises(ValueError, match="looks 6 mrad far"):
        scalarise.check_axis(disks.ky, disks.kx)
