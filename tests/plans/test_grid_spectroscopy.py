import numpy as np
import pytest

from stemline.plans.grid_spectroscopy import grid_spectroscopy, line_order


def test_every_candidate_is_measured_once_along_a_snake(engine, microscope, records, scalarise):
    plan = grid_spectroscopy(microscope, records, scalarise, dwell_time=0.1, candidate_grid=(3, 4))
    summary = engine(plan).plan_result
    points = [(event["scanner_y"], event["scanner_x"]) for event in engine.documents.events("primary")]
    x = [-6.0, -2.0, 2.0, 6.0]
    assert points == [(-4.0, one) for one in x] + [(0.0, one) for one in x[::-1]] + [(4.0, one) for one in x]
    assert summary.reason == "all 12 positions of the grid order were visited"
    assert engine.documents.of("start")[0]["num_points"] == 12


def test_its_map_is_what_was_measured(engine, microscope, records, scalarise):
    engine(grid_spectroscopy(microscope, records, scalarise, dwell_time=0.1, candidate_grid=(3, 4)))
    truth = [[microscope.truth(y, x) for x in (-6, -2, 2, 6)] for y in (-4, 0, 4)]
    (prediction,) = engine.documents.events("prediction")
    np.testing.assert_allclose(prediction["prediction_mean"], truth)
    assert (prediction["prediction_sigma"] == 0.01).all()


def test_fewer_points_leave_the_rest_of_the_map_empty(engine, microscope, records, scalarise):
    plan = grid_spectroscopy(
        microscope, records, scalarise, dwell_time=0.1, candidate_grid=(3, 4), num_points=5, order="raster"
    )
    assert engine(plan).plan_result.num_points == 5
    (prediction,) = engine.documents.events("prediction")
    known = np.isfinite(prediction["prediction_mean"]).ravel()
    assert list(known) == [True] * 5 + [False] * 7


@pytest.mark.parametrize(
    ("order", "indices"), [("raster", [0, 1, 2, 3, 4, 5]), ("snake", [0, 1, 2, 5, 4, 3])]
)
def test_line_order(order, indices):
    assert list(line_order((2, 3), order)) == indices
