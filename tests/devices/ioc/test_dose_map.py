import numpy as np
import pytest

from stemline.devices.ioc.dose_map import DoseMap
from stemline.devices.ioc.footprint import Raster


def test_a_uniform_raster_is_electrons_over_area():
    dose = DoseMap(0.5, 200.0)
    raster = Raster((0.0, 0.0), (100, 100), 0.5)  # 50 nm, even
    dose.add([(dose.patch(raster, 1.0), 1e6)], 1e6, 1.0)
    assert dose.around(0.0, 0.0, 30.0, 20) == pytest.approx(1e6 / 500.0**2, rel=0.01)  # 500 Angstrom
    assert dose.around(0.0, 80.0, 30.0, 20) == pytest.approx(0)
    assert dose.around(0.0, 5000.0, 30.0, 20) == pytest.approx(0)


def test_what_is_foreseen_is_what_comes():
    dose = DoseMap(0.5, 100.0)
    patches = [(dose.patch(Raster((1.0, 2.0)), 0.5), 100.0)]
    foreseen = dose.highest_after(patches)
    dose.add(patches, 100.0, 1.0)
    assert dose.highest == pytest.approx(foreseen, rel=1e-6)
    assert dose.highest_after(patches) == pytest.approx(2 * foreseen, rel=1e-6)


def test_a_file_keeps_it_and_serves_one(tmp_path):
    path = tmp_path / "EM1" / "dose.map"
    dose = DoseMap(0.5, 100.0, path)
    dose.add([(dose.patch(Raster((1.0, 2.0)), 0.5), 100.0)], 100.0, 0.5)
    dose.sync()
    with pytest.raises(ValueError, match="in use by another IOC"):
        DoseMap(0.5, 100.0, path)
    highest = dose.highest
    dose.close()
    again = DoseMap(0.5, 100.0, path)
    assert (again.electrons, again.on_time, again.highest) == (100.0, 0.5, highest)
    assert again.around(1.0, 2.0, 4.0, 8).max() == pytest.approx(highest)
    again.close()
    with pytest.raises(ValueError, match="another size"):
        DoseMap(0.25, 100.0, path)
    with pytest.raises(ValueError, match=r"cells of 0\.5 nm"):
        DoseMap(1.0, 200.0, path)


def test_resets_are_apart():
    dose = DoseMap(0.5, 100.0)
    dose.add([(dose.patch(Raster((1.0, 2.0)), 0.5), 100.0)], 100.0, 0.5)
    dose.reset_totals()
    assert (dose.electrons, dose.on_time) == (0, 0)
    assert dose.highest > 0
    dose.reset()
    assert dose.highest == np.max(dose.around(1.0, 2.0, 4.0, 8)) == 0
