import numpy as np
import pytest

from stemline.twin.haadf import EXPONENT, cross_section, scattered
from stemline.twin.material import CARBON, GOLD


def test_contrast_goes_with_thickness_and_z():
    thin = np.array([[0.01, 0.02]])
    carbon, gold = (scattered(thin, [material], 80e3) for material in (CARBON, GOLD))
    np.testing.assert_allclose(carbon[1] / carbon[0], 2, rtol=1e-4)
    per_atom = gold[0] / carbon[0] / (GOLD.density / CARBON.density)
    assert per_atom == pytest.approx((79 / 6) ** EXPONENT, rel=1e-3)


def test_gold_is_rutherfords_at_200_kv():
    # (2 Z e^2 m / (hbar q)^2)^2 over the sphere beyond 80 mrad with SI constants, small angles.
    k = 2 * np.pi / 2.5079e-12
    expected = 4 * np.pi * (1.39139 * 79 / (5.29177e-11 * k**2 * 0.08)) ** 2 * 1e18
    assert cross_section(79, 200e3) == pytest.approx(expected, rel=1e-3)


def test_each_electron_is_counted_once():
    assert scattered(np.array([[1e4]]), [GOLD], 80e3)[0] == pytest.approx(1)


def test_vacuum_scatters_nothing():
    assert not scattered(np.zeros((2, 3, 3)), [CARBON, GOLD], 80e3).any()
