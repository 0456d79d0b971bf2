import numpy as np
import pytest

from stemline.twin.diffraction import Diffraction, Projection, deflection, diffraction, disk
from stemline.twin.diode import DiodeDesign, grow_diode
from stemline.twin.elastic import diffuse, screening_angle, total_cross_section
from stemline.twin.electron import wavelength
from stemline.twin.haadf import INNER_ANGLE, cross_section
from stemline.twin.sampled import sampled
from stemline.twin.truth import Optics, ground

OPTICS = Optics(convergence_angle=1.0)
INTERACTION = 0.010_087  # [rad / (V nm)] at 80 kV: E. J. Kirkland, Advanced Computing in Electron Microscopy


def pattern_of(potential, projection, optics=OPTICS):
    """Patterns at the centre of a massless specimen with `potential` (y, x) [V nm]."""
    nothing = sampled(lambda y, x: np.zeros((0, *y.shape)), 100.0)
    bent = deflection(sampled(lambda y, x: potential(y, x)[None], 100.0), optics.beam_energy)
    model = Diffraction(optics, projection, (), nothing, bent)
    return model.patterns(np.zeros(1), np.zeros(1))[0], model.centre(np.zeros(1), np.zeros(1))[0]


def centre_of_mass(pattern, projection):
    ky, kx = projection.angles()
    return np.array([(pattern * ky[:, None]).sum(), (pattern * kx).sum()]) / pattern.sum()


def test_a_disk_has_all_electrons_whatever_the_sampling():
    for step in (0.02, 0.1, 0.3):
        angles = np.arange(-1.5, 1.5, step) + 0.37 * step
        total = disk(angles[:, None], angles, 1.0, max(0.02, step)).sum() * step**2
        assert total == pytest.approx(1, abs=3e-3)


def test_a_uniform_field_displaces_the_disk_by_the_phase_gradient():
    projection = Projection((96, 96), 0.04)
    pattern, centre = pattern_of(lambda y, x: 30.0 * y - 12.0 * x, projection)
    expected = 1e3 * np.array([30.0, -12.0]) * INTERACTION * wavelength(80e3) / (2 * np.pi)
    np.testing.assert_allclose(centre, expected, rtol=1e-3)
    np.testing.assert_allclose(centre_of_mass(pattern, projection), expected, atol=5e-4)
    assert pattern.sum() == pytest.approx(1, abs=1e-3)


def test_the_centre_is_that_of_a_wave_in_a_phase_object():
    # An own propagation: probe, phase, Fourier transform. The potential varies over the probe.
    size, spacing, angle = 256, 0.25, 1.5  # [px], [nm], [mrad]
    along = (np.arange(size) - size // 2) * spacing
    y, x = np.meshgrid(along, along, indexing="ij")
    k = np.fft.fftfreq(size, spacing) * wavelength(80e3) * 1e3  # [mrad]
    aperture = (np.hypot(k[:, None], k) <= angle).astype(complex)
    probe = np.fft.fftshift(np.fft.ifft2(aperture))

    def potential(y, x):
        return 60.0 * np.exp(-((y - 4.0) ** 2 + (x + 2.0) ** 2) / (2 * 5.0**2))

    far = np.abs(np.fft.fft2(probe * np.exp(1j * INTERACTION * potential(y, x)))) ** 2
    by_wave = np.array([(far * k[:, None]).sum(), (far * k).sum()]) / far.sum()
    fine = sampled(lambda y, x: potential(y, x)[None], size * spacing, spacing)
    intensity = np.abs(probe) ** 2 / (np.abs(probe) ** 2).sum()
    slopes = deflection(fine, 80e3).at(y, x)
    np.testing.assert_allclose((slopes * intensity).sum(axis=(1, 2)), by_wave, rtol=0.01)


def test_orientation_and_descan_act_on_the_detector():
    turned = Projection((96, 96), 0.04, orientation=((0.0, 1.0), (1.0, 0.0)))
    _, centre = pattern_of(lambda y, x: 30.0 * y, turned)
    assert centre[1] > 0
    assert centre[0] == pytest.approx(0, abs=1e-12)
    grounded = ground(grow_diode(DiodeDesign(extent=100.0, dots=0), np.random.default_rng(1)))
    plain, moved = (
        diffraction(grounded, OPTICS, Projection((96, 96), 0.04, descan=descan))
        for descan in (((0.0, 0.0), (0.0, 0.0)), ((0.0, 0.0), (0.0, 0.01)))
    )
    y, x = np.zeros(1), np.array([20.0])
    shift = centre_of_mass(moved.patterns(y, x)[0], moved.projection) - centre_of_mass(
        plain.patterns(y, x)[0], plain.projection
    )
    np.testing.assert_allclose(shift, [0.0, 0.2], atol=0.02)  # the tail, cut by the detector, weakens it


def test_what_leaves_the_disk_is_what_haadf_counts():
    for number in (6, 32, 79):
        screening = screening_angle(number, 80e3)
        edges = np.linspace(INNER_ANGLE, 5000.0, 200_001)
        angle = (edges[1:] + edges[:-1]) / 2
        beyond = (diffuse(angle**2, screening) * 2 * np.pi * angle).sum() * (edges[1] - edges[0])
        counted = cross_section(number, 80e3)
        assert beyond * total_cross_section(number, 80e3) == pytest.approx(counted, rel=1e-3)


def test_a_crystal_sends_electrons_into_its_reflections():
    grounded = ground(grow_diode(DiodeDesign(extent=100.0, dots=0), np.random.default_rng(1)))
    model = diffraction(grounded, Optics(convergence_angle=2.0), Projection((121, 121), 0.5))
    pattern = model.patterns(np.zeros(1), np.zeros(1))[0]
    ky, kx = model.projection.angles()
    reflection = np.argmin(np.abs(kx - 1e3 * wavelength(80e3) / 0.1999))
    middle = np.argmin(np.abs(ky))
    assert pattern[middle, reflection] > 5 * pattern[middle, reflection - 8]
    assert pattern.sum() < 1


def test_the_field_is_largest_where_haadf_shows_little():
    grounded = ground(grow_diode(DiodeDesign(extent=200.0, dots=20), np.random.default_rng(3)))
    along = np.linspace(-80, 80, 65)
    y, x = np.meshgrid(along, along, indexing="ij")
    model = diffraction(grounded, OPTICS, Projection((16, 16), 0.2))
    field = np.hypot(*np.moveaxis(model.centre(y, x), -1, 0))
    indium = model.thickness.at(y, x)[1]
    assert indium.flat[field.argmax()] < 0.5 * indium.max()
    assert np.median(field[indium > 0.7 * indium.max()]) < 0.3 * field.max()
