import math

import pytest

from stemline.devices.ioc.dose import Account, Budgets, Spent, Stay, electrons
from stemline.devices.ioc.dose_map import DoseMap
from stemline.devices.ioc.footprint import Raster

HERE, THERE = Raster((10.0, -5.0)), Raster((-20.0, 30.0))
AMPERES = 1e-10


@pytest.fixture
def account():
    return Account(DoseMap(0.5, 200.0))


def charge(account, seconds=1.0, place=HERE, current=AMPERES, budgets=None, upper=None):
    return account.charge([Stay(place, seconds)], 0.2, current, upper or current, budgets or Budgets())


def test_one_ampere_for_a_second_is_an_avogadro_over_a_faraday():
    assert electrons(1.0, 1.0) == pytest.approx(6.02214076e23 / 96485.33212, rel=1e-9)


def test_exposures_add_up(account):
    charge(account, 0.5)
    charge(account, 1.5, current=3 * AMPERES)
    assert account.dose.on_time == 2.0
    assert account.dose.electrons == pytest.approx(electrons(1.0, 5e-10), rel=1e-12)


def test_the_electron_budget_refuses_just_beyond_and_not_before(account):
    budgets = Budgets(electrons=electrons(AMPERES, 2.0))
    charge(account, 1.0, budgets=budgets)
    with pytest.raises(Spent, match="Beam:ElectronBudget"):
        charge(account, 1.001, budgets=budgets)
    charge(account, 0.999, budgets=budgets)


def test_the_upper_end_of_the_current_holds_the_budget(account):
    with pytest.raises(Spent):
        charge(account, budgets=Budgets(electrons=electrons(AMPERES, 1.04)), upper=1.05 * AMPERES)
    assert account.dose.electrons == 0


def test_the_local_budget_refuses_the_same_spot_and_not_another(account):
    charge(account)
    budgets = Budgets(local=1.5 * account.dose.highest)
    with pytest.raises(Spent, match="dose budget"):
        charge(account, budgets=budgets)
    charge(account, place=THERE, budgets=budgets)
    assert account.dose.highest < budgets.local


def test_without_a_current_electrons_are_unknown_and_a_budget_refuses(account):
    with pytest.raises(Spent, match="not known"):
        account.charge([Stay(HERE, 1e-6)], 0.2, None, None, Budgets(electrons=1.0))
    account.charge([Stay(HERE, 1.0)], 0.2, None, None, Budgets())
    assert math.isnan(account.dose.electrons)
    assert account.dose.on_time == 1.0
    with pytest.raises(Spent):  # the count is lost
        charge(account, 1e-9, budgets=Budgets(electrons=1e30))


def test_what_lasts_longer_is_parked_and_counted(account):
    charged = account.charge([Stay(THERE, 1.0), Stay(HERE, 0.1)], 0.2, AMPERES, AMPERES, Budgets())
    there = account.dose.highest
    account.settle(charged, 21.1, AMPERES)
    assert account.dose.on_time == pytest.approx(21.1)
    assert account.dose.electrons == pytest.approx(electrons(AMPERES, 21.1), rel=1e-12)
    assert account.dose.highest == pytest.approx(20.1 * there, rel=1e-4)


def test_what_was_cut_short_gives_back_electrons_but_not_its_dose(account):
    charged = charge(account)
    highest = account.dose.highest
    account.settle(charged, 0.25, AMPERES)
    assert account.dose.electrons == pytest.approx(electrons(AMPERES, 0.25), rel=1e-9)
    assert account.dose.highest == highest


def test_off_the_map_only_a_local_budget_refuses(account):
    far = Raster((1000.0, 0.0))
    charge(account, place=far)
    with pytest.raises(Spent, match="beyond the dose map"):
        charge(account, place=far, budgets=Budgets(local=1e30))
