import numpy as np
import pytest

from stemline.twin.polygon import Polygon

SQUARE = Polygon(np.array([[-2.0, -3.0], [-2.0, 3.0], [2.0, 3.0], [2.0, -3.0]]))


def test_contains_and_distance():
    y, x = np.array([0.0, 1.9, 2.1, 0.0, 5.0]), np.array([0.0, 2.9, 0.0, -4.0, 7.0])
    np.testing.assert_array_equal(SQUARE.contains(y, x), [True, True, False, False, False])
    np.testing.assert_allclose(SQUARE.distance(y, x), [2.0, 0.1, 0.1, 1.0, 5.0])


def test_lengths():
    np.testing.assert_allclose(SQUARE.lengths, [6, 4, 6, 4])


@pytest.mark.parametrize("part", [0.0, 0.1, 0.3, 0.55, 0.9, 1.0])
@pytest.mark.parametrize("corners", [SQUARE.corners, SQUARE.corners[::-1]])
def test_a_point_outside_lies_outside_at_its_distance(part, corners):
    polygon = Polygon(corners)
    point = polygon.outside(part, 1.5)
    assert not polygon.contains(*point)
    assert polygon.distance(*point) == pytest.approx(1.5)
