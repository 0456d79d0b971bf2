import numpy as np
import pytest

from stemline.agents.acquisition import survival


def test_the_characteristic_dose_leaves_one_e_th() -> None:
    # At the centre of a Gaussian of 2 nm: N / (2 pi s^2), in electrons a square angstrom.
    electrons = 5.0 * 100 * 2 * np.pi * 2.0**2
    here = np.array([[3.0, 4.0]])
    assert survival(here, here, np.array([electrons]), 2.0, 5.0) == pytest.approx(np.exp(-1))


def test_the_dose_on_the_whole_plane_is_all_electrons() -> None:
    axis = np.arange(-15, 15.01, 0.25)
    plane = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    exposed, electrons = np.array([[0.0, 0.0], [1.0, -2.0]]), np.array([300.0, 50.0])
    dose = -np.log(survival(plane, exposed, electrons, 1.5, 1.0))
    assert dose.sum() * 100 * 0.25**2 == pytest.approx(350.0, rel=1e-6)


def test_nothing_exposed_is_whole() -> None:
    assert survival(np.zeros((4, 2)), np.empty((0, 2)), np.empty(0), 1.0, 1.0).tolist() == [1.0] * 4
