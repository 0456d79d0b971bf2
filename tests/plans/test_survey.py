import math

import pytest

from stemline.plans.survey import Frame, survey


def test_one_image_in_one_run(engine, microscope):
    result = engine(
        survey(microscope, shape=(6, 8), field_of_view=4.0, dwell_time=2e-5, md={"sample": "gold"})
    )
    (start,) = engine.documents.of("start")
    (event,) = engine.documents.events("survey")
    assert result.plan_result == start["uid"]
    assert start["survey"] == {"shape": [6, 8], "field_of_view": 4.0, "dwell_time": 2e-5}
    assert start["sample"] == "gold"
    assert event["scanner_field_of_view"] == 4.0
    assert len(engine.documents.of("stream_datum")) == 1
    assert microscope.haadf.exposures == 1


def test_the_scanner_stays_as_it_is_by_default(engine, microscope):
    engine(survey(microscope))
    assert engine.documents.of("start")[0]["survey"] == {
        "shape": [12, 16],
        "field_of_view": 16.0,
        "dwell_time": 1e-5,
    }


def test_a_failed_scan_fails_the_run_with_what_the_detector_said(engine, microscope):
    microscope.haadf.error = RuntimeError("the gun valve is closed")
    with pytest.raises(RuntimeError, match="haadf: the gun valve is closed"):
        engine(survey(microscope))
    assert engine.documents.of("stop")[0]["reason"] == "haadf: the gun valve is closed"
    assert microscope.blanked == 1


def test_an_image_of_another_size_is_refused(engine, microscope):
    microscope.haadf.expose = lambda: microscope.haadf.image.put(microscope.haadf.image.get()[:-2])
    with pytest.raises(ValueError, match="190 pixels, not 12 x 16"):
        engine(survey(microscope))


@pytest.mark.parametrize(
    "changes",
    [
        {"field_of_view": 0.0},
        {"field_of_view": math.inf},
        {"dwell_time": -1.0},
        {"shape": (4, 0)},
        {"shape": (4,)},
    ],
)
def test_a_frame_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match="survey") as refused:
        Frame(**changes)
    assert "\n" not in str(refused.value)


def test_pixels_are_square():
    assert Frame((10, 40), 20.0).pixel_size == 0.5
