"""The loop is that of `adaptive_spectroscopy`; here is what patterns add."""

import numpy as np
import pytest
from ophyd import Component as Cpt
from ophyd import Kind

from stemline.analysis.descan import Descan
from stemline.analysis.scalarise import make_scalariser
from stemline.plans.adaptive_diffraction import adaptive_diffraction
from stemline.plans.random_diffraction import random_diffraction
from stemline.twin.diffraction import disk

from .conftest import Detector, Setting

ANGLES = (np.arange(24) - 11.5) * 0.2


class PixelArray(Detector):
    acquire_time = Cpt(Setting, value=1.0)
    pattern = Cpt(Setting, value=np.zeros((24, 24)), kind=Kind.omitted)
    array_size_y = Cpt(Setting, value=24, kind=Kind.config)
    array_size_x = Cpt(Setting, value=24, kind=Kind.config)
    ky_offset = Cpt(Setting, value=float(ANGLES[0]), kind=Kind.config)
    ky_dispersion = Cpt(Setting, value=0.2, kind=Kind.config)
    kx_offset = Cpt(Setting, value=float(ANGLES[0]), kind=Kind.config)
    kx_dispersion = Cpt(Setting, value=0.2, kind=Kind.config)
    total = Cpt(Setting, value=0.0, kind=Kind.hinted)


@pytest.fixture
def camera(microscope):
    """A pixel-array detector whose disk is deflected by 0.03 mrad/nm along y, and moved by the descan."""

    def expose():
        y, x = microscope.scanner.y.get(), microscope.scanner.x.get()
        camera.pattern.put(1e4 * disk(ANGLES[:, None] - 0.03 * y - 0.05 * x, ANGLES, 1.0, 0.2) * 0.2**2)

    camera = microscope.pixel_array = PixelArray(name="pixel_array", expose=expose)
    return camera


OPTIONS = {"num_points": 5, "dwell_time": 0.1, "candidate_grid": (6, 8)}
SCALARISE = make_scalariser("deflection", component="y")
DESCAN = Descan((0.0, 0.0), ((0.0, 0.05), (0.0, 0.0)))


def test_a_pattern_becomes_the_number_that_the_agent_is_told(engine, microscope, records, agents, camera):
    plan = adaptive_diffraction(microscope, records, SCALARISE, agents(), descan=DESCAN, **OPTIONS)
    assert engine(plan).plan_result.num_points == 5
    (agent,) = agents.made
    for known, point in zip(agent.ingested, engine.documents.events("primary"), strict=True):
        assert known["value"] == pytest.approx(0.03 * known["scanner_y"], abs=8e-3)
        assert known["value"] == point["scalar_value"]
    (start,) = engine.documents.of("start")
    assert start["plan_name"] == "adaptive_diffraction"
    assert start["detectors"] == ["haadf", "pixel_array"]
    assert start["scalariser"]["kind"] == "deflection"
    assert start["scalariser"]["descan"]["matrix"] == [[0.0, 0.05], [0.0, 0.0]]
    assert camera.acquire_time.get() == 0.1
    assert camera.exposures == 5
    assert microscope.eels.exposures == 0


def test_without_the_descan_the_pattern_is_somewhere_else(engine, microscope, records, agents, camera):
    engine(adaptive_diffraction(microscope, records, SCALARISE, agents(), **OPTIONS))
    (agent,) = agents.made
    for known in agent.ingested:
        expected = 0.03 * known["scanner_y"] + 0.05 * known["scanner_x"]
        assert known["value"] == pytest.approx(expected, abs=8e-3)


def test_positions_drawn_blindly(engine, microscope, records, camera):
    engine(random_diffraction(microscope, records, SCALARISE, seed=1, **OPTIONS))
    assert {one["decision_strategy"] for one in engine.documents.events("decisions")[:-1]} == {"random"}
    assert camera.exposures == 5


def test_a_detector_that_is_too_small_is_refused_before_the_beam_is_used(
    engine, microscope, records, agents, camera
):
    wide = make_scalariser("virtual_detector_ratio", annulus=[0, 9])
    with pytest.raises(ValueError, match="looks 9 mrad far, but ky"):
        engine(adaptive_diffraction(microscope, records, wide, agents(), **OPTIONS))
    assert microscope.haadf.started == 0


def test_a_microscope_without_the_detector_is_refused(engine, microscope, records, agents):
    with pytest.raises(ValueError, match="no pixel-array detector"):
        engine(adaptive_diffraction(microscope, records, SCALARISE, agents(), **OPTIONS))
