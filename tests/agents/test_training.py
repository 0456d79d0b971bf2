import json

import numpy as np

from stemline.agents.sites import Sites
from stemline.agents.surrogate import Surrogate
from stemline.agents.training import Training, measurements, suggestions_meanwhile
from stemline.agents.visits import Point

FEATURES = np.random.default_rng(5).normal(size=(60, 3))
POSITIONS = np.random.default_rng(6).uniform(-50, 50, size=(60, 2))
POINTS = [Point(i, 3 * i, float(np.sin(FEATURES[3 * i, 0])), 0.05) for i in range(15)]


def surrogate() -> Surrogate:
    model = Surrogate(Sites.of(FEATURES, POSITIONS), "fixed", 0)
    model.fit(measurements(POINTS[:8]))
    return model


def test_it_leaves_the_model_alone_and_ends_as_a_fit_does() -> None:
    model, same = surrogate(), surrogate()
    before = model.mean.copy()
    training = Training(model, POINTS, due=20)
    fitted = training.model()
    np.testing.assert_array_equal(model.mean, before)
    same.fit(measurements(POINTS))
    np.testing.assert_array_equal(fitted.mean, same.mean)
    np.testing.assert_array_equal(fitted.sigma(), same.sigma())
    assert training.is_done(0.0)


def test_begun_anew_it_ends_the_same() -> None:
    model = surrogate()
    training = Training(model, POINTS, due=20)
    again = Training.again(model, json.loads(json.dumps(training.state())))
    assert (again.points, again.due) == (training.points, 20)
    np.testing.assert_array_equal(again.model().mean, training.model().mean)


def test_longer_fits_get_the_time_of_more_suggestions() -> None:
    assert suggestions_meanwhile(0, 10) == 0, "a first model is waited for"
    assert [suggestions_meanwhile(n - 1, n) for n in (12, 60, 500)] == [1, 2, 11]
    assert suggestions_meanwhile(19, 21) > 10
