from __future__ import annotations

import math

import numpy as np
import pytest
from bluesky import RunEngine
from bluesky import plan_stubs as bps
from bluesky.protocols import Movable, Readable

from stemline.analysis.scalarise.result import Flags, ScalarResult
from stemline.devices.decision import Decision
from stemline.devices.prediction import Prediction
from stemline.devices.scalar import Scalar


def test_a_result_becomes_a_reading():
    scalar = Scalar(name="scalar", units="eV", origin="peak_energy")
    assert isinstance(scalar, Readable)
    assert isinstance(scalar, Movable)
    assert scalar.set(ScalarResult(15.2, 0.1, Flags.SATURATED | Flags.FIT_FAILED, 0.3)).success
    assert {name: reading["value"] for name, reading in scalar.read().items()} == {
        "scalar_value": 15.2,
        "scalar_sigma": 0.1,
        "scalar_flags": 5,
        "scalar_shift": 0.3,
    }
    key = scalar.describe()["scalar_value"]
    assert (key["units"], key["source"]) == ("eV", "peak_energy:scalar_value")
    assert scalar.hints == {"fields": ["scalar_value"]}


def test_units_belong_to_one_scalar():
    Scalar(name="scalar", units="eV")
    assert "units" not in Scalar(name="scalar").describe()["scalar_value"]


def test_a_suggestion_becomes_a_reading():
    decision = Decision(name="decision")
    decision.set(
        {
            "_id": 3,
            "scanner_y": 1.5,
            "scanner_x": -2,
            "_mean": 0.4,
            "_sigma": 0.1,
            "_acquisition": 0.02,
            "_model_version": 7,
            "_trained_on": 6,
            "_kernel": "fixed",
            "_outliers": [17, 4],
            "_ingested": "0-1",
            "_pending": "2",
            "_random_state": "ff",
            "_fallback": "last model",
            "_fallbacks": 2,
            "_waited": 0.25,
            "_electrons": 1e6,
            "_kind": "expected_improvement",
        }
    )
    said = {name: reading["value"] for name, reading in decision.read().items()}
    assert math.isnan(said.pop("decision_radius"))
    assert said == {
        "decision_id": 3,
        "decision_y": 1.5,
        "decision_x": -2.0,
        "decision_mean": 0.4,
        "decision_sigma": 0.1,
        "decision_acquisition": 0.02,
        "decision_model_version": 7,
        "decision_trained_on": 6,
        "decision_kernel": "fixed",
        "decision_outliers": "17,4",
        "decision_ingested": "0-1",
        "decision_pending": "2",
        "decision_random_state": "ff",
        "decision_fallback": "last model",
        "decision_fallbacks": 2,
        "decision_waited": 0.25,
        "decision_electrons": 1e6,
        "decision_withdrawn": 0,
        "decision_strategy": "expected_improvement",
        "decision_reason": "",
    }


def test_what_a_seed_does_not_say_is_nan():
    decision = Decision(name="decision")
    decision.set({"_id": 0, "scanner_y": 0.0, "scanner_x": 0.0, "_mean": None, "_kind": "seed"})
    assert math.isnan(decision.mean.get())
    assert decision.model_version.get() == -1
    assert {key["dtype"] for key in decision.describe().values()} == {"integer", "number", "string"}


def test_maps_become_an_event():
    prediction = Prediction(name="prediction", units="eV")
    documents = []

    def plan():
        yield from bps.open_run()
        yield from bps.abs_set(prediction, (np.ones((3, 4)), np.zeros((3, 4))), wait=True)
        yield from bps.create("prediction")
        yield from bps.read(prediction)
        yield from bps.save()
        yield from bps.close_run()

    RunEngine({})(plan(), lambda name, doc: documents.append((name, doc)))
    (descriptor,) = (doc for name, doc in documents if name == "descriptor")
    key = descriptor["data_keys"]["prediction_mean"]
    assert (key["shape"], key["dims"], key["dtype_numpy"], key["units"]) == ([3, 4], ["y", "x"], "<f8", "eV")
    (event,) = (doc for name, doc in documents if name == "event")
    np.testing.assert_array_equal(event["data"]["prediction_mean"], np.ones((3, 4)))


@pytest.mark.parametrize("shapes", [((3, 4), (4, 3)), ((12,), (12,))])
def test_maps_that_do_not_fit_are_refused(shapes):
    with pytest.raises(ValueError, match="two maps"):
        Prediction(name="prediction").set(tuple(np.zeros(shape) for shape in shapes))
