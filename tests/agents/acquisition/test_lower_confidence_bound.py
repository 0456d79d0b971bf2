import numpy as np

from stemline.agents.acquisition import lower_confidence_bound, upper_confidence_bound


def test_looks_for_the_smallest_as_the_upper_bound_for_the_largest() -> None:
    mean, sigma = np.array([0.0, -1.0, -0.5, 3.0]), np.array([0.1, 0.1, 1.0, 0.1])
    np.testing.assert_allclose(lower_confidence_bound(mean, sigma), upper_confidence_bound(-mean, sigma))
    assert np.argmax(lower_confidence_bound(mean, sigma)) == 2
