import numpy as np

from stemline.agents.acquisition import per_second


def test_a_far_point_must_be_worth_the_way() -> None:
    worth, distance = np.array([1.0, 1.5]), np.array([0.0, 100.0])
    assert np.argmax(per_second(worth, distance, point_time=0.1, travel_time=1e-4)) == 1
    assert np.argmax(per_second(worth, distance, point_time=0.1, travel_time=1e-3)) == 0
    np.testing.assert_allclose(per_second(worth, distance, 0.1, 0.0), worth / 0.1)
