import numpy as np
import pytest

from stemline.analysis.descan import descan_of_vacuum


def test_a_uniform_field_survives():
    rng = np.random.default_rng(0)
    positions = rng.uniform(-50, 50, (30, 2))
    moved = np.array([0.3, -0.1]) + positions @ np.array([[0.01, 0.002], [-0.003, 0.012]]).T
    descan = descan_of_vacuum(positions, moved + rng.normal(0, 1e-3, moved.shape))
    np.testing.assert_allclose(descan.centre(positions), moved, atol=2e-3)
    field = np.array([0.05, 0.0])  # on the specimen, everywhere alike: a plane fit there would take it away
    np.testing.assert_allclose(moved + field - descan.centre(positions), np.tile(field, (30, 1)), atol=2e-3)


def test_a_line_of_vacuum_is_not_enough():
    positions = np.column_stack([np.arange(5.0), np.arange(5.0)])
    with pytest.raises(ValueError, match="5 usable positions in vacuum do not span a plane"):
        descan_of_vacuum(positions, positions)
    positions[0, 1] = 9.0
    centres = positions.copy()
    centres[0] = np.nan
    with pytest.raises(ValueError, match="4 usable positions"):
        descan_of_vacuum(positions, centres)
