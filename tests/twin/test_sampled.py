import numpy as np
import pytest

from stemline.twin.probe import Probe
from stemline.twin.sampled import SampledMap, sampled
from stemline.twin.specimen import Design, grow

SPECIMEN = grow(Design(extent=200.0, particles=10), np.random.default_rng(4))


@pytest.fixture(scope="module")
def thickness():
    return sampled(SPECIMEN.thickness, SPECIMEN.extent)


def test_it_is_the_specimens_thickness_at_the_samples(thickness):
    y, x = np.meshgrid(np.arange(-100, 101, 7.0), np.arange(-100, 101, 7.0), indexing="ij")
    np.testing.assert_allclose(thickness.at(y, x), SPECIMEN.thickness(y, x), atol=1e-6)
    assert thickness.extent == pytest.approx(200)


def test_beyond_the_specimen_there_is_vacuum(thickness):
    assert not thickness.at(np.array([101.0, 0.0]), np.array([0.0, -500.0])).any()


def test_a_defocused_probe_keeps_the_amount_of_material():
    maps = np.zeros((1, 201, 201))
    maps[0, 80:120, 90:110] = 5.0
    sharp = SampledMap(maps, 0.5)
    blurred = sharp.seen_by(Probe(80e3, 10.0, 1000.0))
    assert blurred.maps.sum() == pytest.approx(sharp.maps.sum(), rel=1e-6)
    assert blurred.maps.max() < 5.0
