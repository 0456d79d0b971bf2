import numpy as np
import pytest
from scipy.stats import norm

from stemline.twin.probe import Probe


def test_in_focus_the_airy_disk_sets_the_size():
    # 0.51 lambda / alpha = 0.51 * 4.176 pm / 10 mrad = 0.213 nm FWHM; with the source of 0.1 nm 0.235 nm.
    assert Probe(80e3, 10.0).sigma * 2.3548 == pytest.approx(0.235, abs=1e-3)


def test_far_from_focus_the_probe_is_a_geometric_disk():
    # A uniform disk of radius r has a variance of r^2 / 4 along one axis.
    assert Probe(80e3, 10.0, -1000.0).sigma == pytest.approx(1000 * 0.01 / 2, rel=1e-3)


def test_blur_spreads_a_step_as_the_error_function_and_keeps_the_mean():
    probe, spacing = Probe(80e3, 10.0, 1000.0), 0.5
    x = (np.arange(201) - 100) * spacing
    blurred = probe.blur(np.tile(np.where(x < 0, 0.0, 1.0), (3, 1)), spacing)[1]
    np.testing.assert_allclose(blurred, norm.cdf((x + spacing / 2) / probe.sigma), atol=1e-3)
    assert blurred.mean() == pytest.approx(0.5, abs=0.01)


def test_nodes_average_a_parabola_exactly():
    offsets, weights = Probe(80e3, 10.0, 500.0).nodes(1.0)
    assert weights.sum() == pytest.approx(1)
    assert weights @ (offsets**2).sum(axis=1) == pytest.approx(2 * Probe(80e3, 10.0, 500.0).sigma ** 2)


def test_a_small_probe_is_a_point():
    offsets, weights = Probe(80e3, 10.0).nodes(1.0)
    assert offsets.tolist() == [[0, 0]]
    assert weights.tolist() == [1]
