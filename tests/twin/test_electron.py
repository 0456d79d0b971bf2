import pytest

from stemline.twin.electron import gamma, reach, velocity, wavelength


# L. Reimer and H. Kohl, Transmission Electron Microscopy, 5th ed., table 2.2.
@pytest.mark.parametrize(
    ("beam_energy", "picometres", "fraction"),
    [(60e3, 4.866, 0.4462), (80e3, 4.176, 0.5024), (200e3, 2.508, 0.6953), (300e3, 1.969, 0.7765)],
)
def test_wavelength_and_velocity_are_those_of_the_textbook(beam_energy, picometres, fraction):
    assert wavelength(beam_energy) * 1e3 == pytest.approx(picometres, abs=1e-3)
    assert velocity(beam_energy) == pytest.approx(fraction, abs=1e-4)


def test_reach_from_si_constants():
    omega = 2.0 * 1.602176634e-19 / 1.054571817e-34
    assert reach(2.0, 80e3) == pytest.approx(gamma(80e3) * 0.50236 * 2.99792458e8 / omega * 1e9, rel=1e-4)
    assert 50 < reach(2.0, 80e3) < 60
