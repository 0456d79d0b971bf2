import numpy as np
import pytest

from stemline.analysis.scan_orientation import ScanOrientation, curl_and_divergence, find_orientation


def matrix(degrees, mirrored):
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.diag([-1.0 if mirrored else 1.0, 1.0]) @ turn


def atoms():
    """A potential of four peaks and its gradient (y, x)."""
    y, x = np.mgrid[:40, :40]
    places = [(9, 11, 1.0), (12, 29, 0.6), (28, 8, 0.8), (30, 31, 1.2)]
    image = sum(high * np.exp(-((y - a) ** 2 + (x - b) ** 2) / 18) for a, b, high in places)
    return image, np.stack(np.gradient(image), axis=-1)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 37, 120, -100, 180])
def test_rotation_and_handedness_are_found(degrees, mirrored):
    image, deflections = atoms()
    true = matrix(degrees, mirrored)
    seen = deflections @ true.T + np.random.default_rng(0).normal(0, 0.005, deflections.shape)
    found = find_orientation(seen, image)
    np.testing.assert_allclose(found.matrix, true, atol=0.02)
    assert found.mirrored is mirrored
    assert found.residual < 0.5 * found.mirrored_residual
    np.testing.assert_allclose(found.to_scan(seen), deflections, atol=0.05)


def test_without_an_image_it_is_known_up_to_a_half_turn():
    _, deflections = atoms()
    found = find_orientation(deflections @ matrix(150, False).T)
    assert found.rotation == pytest.approx(-30, abs=0.5)


@pytest.mark.parametrize("mirrored", [False, True])
def test_rotation_is_what_the_matrix_does(mirrored):
    (yy, yx), (xy, xx) = matrix(25, mirrored).tolist()
    assert ScanOrientation(((yy, yx), (xy, xx))).rotation == pytest.approx(25)


def test_a_gradient_has_no_curl():
    curl, divergence = curl_and_divergence(atoms()[1])
    assert np.abs(curl).max() < 1e-12 < np.abs(divergence).max()


def test_nothing_to_see_is_refused():
    with pytest.raises(ValueError, match="do not vary"):
        find_orientation(np.ones((5, 5, 2)))
    with pytest.raises(ValueError, match="at least 3 x 3"):
        find_orientation(np.ones((2, 5, 2)))
