import math

import pytest

from stemline.devices.ioc.units import DEG, KV, MM, MRAD, NM, PA


@pytest.mark.parametrize(
    ("unit", "si", "shown"),
    [(NM, 1e-8, 10.0), (MRAD, 0.0205, 20.5), (MM, 0.11, 110.0), (PA, 50e-12, 50.0), (KV, 80e3, 80.0)],
)
def test_known_values(unit, si, shown):
    assert unit.to_pv(si) == shown
    assert unit.to_si(shown) == pytest.approx(si, rel=1e-15)


def test_degrees():
    assert DEG.to_pv(math.pi / 6) == 30.0
    assert DEG.to_si(180.0) == math.pi


def test_what_was_set_reads_back_as_it_was():
    values = [0.1 * n for n in range(1, 1000)]
    assert [NM.to_pv(NM.to_si(value)) for value in values] == pytest.approx(values, rel=1e-11)
    assert PA.to_pv(PA.to_si(123.456)) == 123.456
