from __future__ import annotations

from types import SimpleNamespace

import pytest
from ophyd import Signal

from stemline.plans.fixed import fix
from stemline.plans.random_spectroscopy import random_spectroscopy
from stemline.plans.survey import survey


class AcquireTime(Signal):
    source_name = "PV:EM1:EELS:cam1:AcquireTime_RBV"


def test_the_process_variable_and_both_values_are_named(engine):
    setting = AcquireTime(name="eels_acquire_time", value=0.01)

    def plan():
        fixed = yield from fix(setting)
        setting.put(0.01 * (1 + 1e-9))
        yield from fixed.check()
        setting.put(0.5)
        yield from fixed.check()

    with pytest.raises(
        RuntimeError, match=r"EM1:EELS:cam1:AcquireTime_RBV was changed from 0\.01 to 0\.5"
    ) as caught:
        engine(plan())
    assert "\n" not in str(caught.value)


@pytest.fixture
def change_at(engine):
    """Change a setting, as another client does, when so many events of a stream are there."""

    def later(signal, value, number, stream="primary"):
        def look(name, doc):
            if name == "event" and len(engine.documents.raw_events(stream)) == number:
                signal.put(value)

        engine.subscribe(look)

    return later


def measure(microscope, records, scalarise):
    return random_spectroscopy(microscope, records, scalarise, num_points=6, dwell_time=0.1, seed=0)


@pytest.mark.parametrize(
    ("device", "attribute", "value"),
    [("eels", "acquire_time", 0.4), ("scanner", "field_of_view", 8.0), ("scanner", "rotation", 90.0)],
)
def test_a_run_fails_before_the_exposure_after_another_client_has_changed_a_setting(
    engine, microscope, records, scalarise, change_at, device, attribute, value
):
    signal = getattr(getattr(microscope, device), attribute)
    change_at(signal, value, 3)
    with pytest.raises(RuntimeError, match=f"{signal.name} was changed from .* to {value:g}"):
        engine(measure(microscope, records, scalarise))
    (stop,) = engine.documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert f"{signal.name} was changed" in stop["reason"]
    assert len(engine.documents.events("primary")) == microscope.eels.exposures == 3
    assert signal.name in engine.documents.events("primary")[0]
    assert microscope.blanked == 1


def test_a_change_in_the_last_exposure_fails_the_run_too(engine, microscope, records, scalarise, change_at):
    change_at(microscope.scanner.rotation, 90.0, 6)
    with pytest.raises(RuntimeError, match="scanner_rotation was changed"):
        engine(measure(microscope, records, scalarise))
    assert len(engine.documents.events("primary")) == 6
    assert len(engine.documents.events("prediction")) == 1


def test_a_drifting_current_is_recorded_and_does_not_end_the_run(
    engine, microscope, records, scalarise, change_at
):
    change_at(microscope.beam.current, 20.0, 3)
    engine(measure(microscope, records, scalarise))
    assert [data["beam_current"] for data in engine.documents.events("primary")] == [50.0] * 3 + [20.0] * 3


def test_a_current_that_is_not_known_is_left_out(engine, microscope, records, scalarise):
    beam = microscope.beam
    microscope.beam = SimpleNamespace(
        current=None, electrons=beam.electrons, electron_budget=beam.electron_budget
    )
    engine(measure(microscope, records, scalarise))
    assert "beam_current" not in engine.documents.events("primary")[0]


def test_a_survey_whose_frame_is_changed_fails(engine, microscope):
    microscope.haadf.expose = lambda: microscope.scanner.field_of_view.put(3.0)
    with pytest.raises(RuntimeError, match="scanner_field_of_view was changed from 16 to 3"):
        engine(survey(microscope))
