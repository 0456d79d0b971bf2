import math

import pytest

from stemline.devices.ioc.dose import Dose, electrons


def test_one_ampere_for_a_second_is_an_avogadro_over_a_faraday():
    assert electrons(1.0, 1.0) == pytest.approx(6.02214076e23 / 96485.33212, rel=1e-9)


def test_exposures_add_up():
    dose = Dose().after(0.5, 1e-10).after(1.5, 3e-10)
    assert dose.on_time == 2.0
    assert dose.electrons == pytest.approx(electrons(1.0, 5e-10), rel=1e-12)


def test_no_budget_refuses_nothing():
    assert Dose(electrons=1e30).refusal(1e9, 1.0) is None


def test_budget_is_refused_just_beyond_and_not_before():
    dose = Dose(electrons=electrons(1e-10, 1.0), budget=electrons(1e-10, 2.0))
    assert dose.refusal(0.999, 1e-10) is None
    reason = dose.refusal(1.001, 1e-10)
    assert reason is not None
    assert "Beam:ElectronBudget" in reason


def test_without_a_current_electrons_are_unknown_and_a_budget_refuses():
    dose = Dose().after(1.0, None)
    assert math.isnan(dose.electrons)
    assert dose.on_time == 1.0
    assert Dose(budget=1.0).refusal(1e-6, None) is not None


def test_a_budget_refuses_once_the_count_is_lost():
    assert Dose(electrons=math.nan, budget=1e9).refusal(1e-9, 1e-12) is not None
