import numpy as np
import pytest

from stemline.twin.probe import Probe
from stemline.twin.specimen import Design, grow
from stemline.twin.thickness import thickness_map

SPECIMEN = grow(Design(extent=200.0, particles=10), np.random.default_rng(4))


@pytest.fixture(scope="module")
def sampled():
    return thickness_map(SPECIMEN)


def test_it_is_the_specimens_thickness_at_the_samples(sampled):
    y, x = np.meshgrid(np.arange(-100, 101, 7.0), np.arange(-100, 101, 7.0), indexing="ij")
    np.testing.assert_allclose(sampled.at(y, x), SPECIMEN.thickness(y, x), atol=1e-6)
    assert sampled.extent == pytest.approx(200)


def test_beyond_the_specimen_there_is_vacuum(sampled):
    assert not sampled.at(np.array([101.0, 0.0]), np.array([0.0, -500.0])).any()


def test_a_defocused_probe_keeps_the_amount_of_each_material(sampled):
    blurred = sampled.seen_by(Probe(80e3, 10.0, 1000.0))
    inner = slice(50, -50)
    for one, other in zip(sampled.maps, blurred.maps, strict=True):
        assert other.mean() == pytest.approx(one.mean(), rel=0.02)
        assert np.ptp(other[inner, inner]) <= np.ptp(one)
