import numpy as np

from stemline.twin.drift import Drift


def test_the_specimen_moves_steadily():
    dy, dx = Drift((2.0, -0.5)).displacement(np.array([0.0, 10.0]))
    np.testing.assert_allclose(dy, [0, 20])
    np.testing.assert_allclose(dx, [0, -5])


def test_it_is_off_by_default():
    assert not np.any(Drift().displacement(np.array([1e4])))
