import numpy as np

from stemline.agents.acquisition import ACQUISITIONS


def test_goes_where_least_is_known_whatever_the_mean() -> None:
    sigma = np.array([0.1, 3.0, 0.2])
    worth = ACQUISITIONS["maximum_uncertainty"](np.array([100.0, -100.0, 0.0]), sigma, 50.0)
    assert worth.argmax() == 1
