import numpy as np

from stemline.agents.acquisition import maximum_uncertainty


def test_goes_where_least_is_known() -> None:
    assert np.argmax(maximum_uncertainty(np.array([0.1, 3.0, 0.2]))) == 1
