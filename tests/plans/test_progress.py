import math

import pytest

from stemline.plans.adaptive_spectroscopy import adaptive_spectroscopy
from stemline.plans.grid_spectroscopy import grid_spectroscopy
from stemline.plans.progress import Progress


def test_a_line_a_point_with_the_largest_value_and_the_dose(engine, microscope, records, scalarise, agents):
    lines = []
    engine.subscribe(Progress(lines.append))
    engine(
        adaptive_spectroscopy(
            microscope, records, scalarise, agents(), num_points=3, dwell_time=0.1, candidate_grid=(6, 8)
        )
    )
    assert lines[0] == "survey image taken"
    assert [line.split(",")[0] for line in lines[1:4]] == [f"point {k} of 3" for k in (1, 2, 3)]
    largest = max(event["scalar_value"] for event in engine.documents.events("primary"))
    assert f"largest {largest:.4g} at y" in lines[3]
    assert "130 electrons" in lines[3]
    assert lines[3].endswith("0 s left")
    assert lines[4] == "stopped: measured the 3 points asked for"
    assert lines[5].endswith("success")


def test_time_left_follows_from_the_times_of_the_points():
    lines = []
    progress = Progress(lines.append)
    progress("start", {"uid": "r", "num_points": 5, "electrons_before": 0.0, "scalariser": {}})
    progress("descriptor", {"uid": "d", "name": "primary"})
    data = {"scalar_value": 1.0, "scalar_flags": 0, "scanner_y": 0.0, "scanner_x": 0.0, "beam_electrons": 1e6}
    for time in (100.0, 140.0, 180.0):
        progress("event", {"descriptor": "d", "time": time, "data": data})
    assert lines[-1].endswith("1e+06 electrons, 1 min 20 s left")


def test_what_is_flagged_is_no_largest_value(engine, microscope, records, mean_of, agents):
    lines = []
    engine.subscribe(Progress(lines.append))
    engine(
        adaptive_spectroscopy(
            microscope,
            records,
            mean_of(least=2.0),
            agents(),
            num_points=1,
            dwell_time=0.1,
            candidate_grid=(6, 8),
        )
    )
    assert "no value yet" in lines[1]


def test_a_failure_is_told(engine, microscope, records, scalarise, agents):
    lines = []
    engine.subscribe(Progress(lines.append))
    microscope.eels.error = RuntimeError("no beam")
    with pytest.raises(RuntimeError, match="no beam"):
        engine(
            adaptive_spectroscopy(
                microscope, records, scalarise, agents(), num_points=3, dwell_time=0.1, candidate_grid=(6, 8)
            )
        )
    assert lines[-1].endswith("fail: eels: no beam")


def test_other_runs_are_left_alone():
    lines = []
    progress = Progress(lines.append)
    progress("start", {"uid": "r"})
    progress("stop", {"run_start": "r", "exit_status": "success"})
    assert lines == []


def test_an_unknown_beam_current_is_no_dose(engine, microscope, records, scalarise):
    lines = []
    engine.subscribe(Progress(lines.append))
    microscope.beam.electrons.put(math.nan)
    summary = engine(
        grid_spectroscopy(microscope, records, scalarise, dwell_time=0.1, candidate_grid=(3, 4))
    ).plan_result
    assert engine.documents.of("start")[0]["electrons_before"] is None
    assert "dose not known" in lines[1]
    assert math.isnan(summary.electrons)
