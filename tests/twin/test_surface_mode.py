import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import k0, k1

from stemline.twin.electron import FINE_STRUCTURE, HBAR_C, gamma, reach, velocity
from stemline.twin.material import GOLD, SILVER, Metal
from stemline.twin.specimen import Design, grow
from stemline.twin.surface_mode import (
    SURROUNDING,
    Dipoles,
    EdgeWaves,
    edge_energy,
    edge_waves,
    ruler,
    surface_modes,
)

BEAM = 80e3


def lone(radius=5.0, energy=2.45, strength=1.0):
    return Dipoles(np.array([energy]), 0.3, np.zeros((1, 2)), np.array([radius]), strength)


@pytest.mark.parametrize("b", [0.1, 1.0, 3.0])
def test_the_passing_electrons_field_is_k0(b):
    # The potential of a charge at distance b, at frequency omega along a straight path: 2 K0(omega b / v).
    found, _ = quad(lambda z: 2 / np.hypot(b, z), 0, np.inf, weight="cos", wvar=1.0)
    assert found == pytest.approx(2 * k0(b), rel=1e-4)


def test_edge_energy_is_ritchies_thin_film_without_background():
    # R. H. Ritchie, Phys. Rev. 106, 874 (1957): omega_p sqrt((1 - exp(-q t)) / 2) in vacuum.
    length, thickness = 120.0, 8.0
    free = Metal(10.0 * np.sqrt(SURROUNDING), SURROUNDING, 0.1)  # all permittivities scaled alike
    expected = 10.0 * np.sqrt((1 - np.exp(-np.pi / length * thickness)) / 2)
    assert edge_energy(length, 1, thickness, free) == pytest.approx(expected)


def test_longer_sides_and_lower_orders_resonate_lower():
    energies = [edge_energy(length, order, 5.0, SILVER.metal) for length in (150.0, 80.0) for order in (1, 2)]
    assert energies[0] < energies[2] < energies[3]
    assert energies[0] < energies[1] < SILVER.metal.plasma / np.sqrt(SILVER.metal.background)


def test_a_touching_pair_is_red_shifted_by_the_plasmon_ruler():
    assert 1 / ruler(np.array([0.0]), np.array([10.0]))[0] == pytest.approx(1.18)
    assert ruler(np.array([100.0]), np.array([10.0]))[0] == pytest.approx(1)


def test_dipole_probability_is_the_integrated_loss_of_a_small_sphere():
    # Gamma = 4 e^2 w^2 / (pi hbar v^4 g^2) [K1^2 + K0^2 / g^2] Im(alpha): F. J. Garcia de Abajo, RMP 82, 209
    # (2010); in units of hbar and c, integrated over a Drude sphere's resonance.
    radius, energy, b, width = 5.0, 2.0, 20.0, 1e-3
    v, g = velocity(BEAM), gamma(BEAM)
    losses = np.linspace(energy - 0.5, energy + 0.5, 400_001)
    polarisability = radius**3 * energy**2 / (energy**2 - losses * (losses + 1j * width))
    field = 4 * FINE_STRUCTURE / np.pi * losses**2 / (HBAR_C**3 * v**4 * g**2)
    argument = losses * b / (HBAR_C * v * g)
    loss = field * (k1(argument) ** 2 + (k0(argument) / g) ** 2) * polarisability.imag
    expected = np.trapezoid(loss, losses)
    found = lone(radius, energy).probabilities(np.array([b]), np.array([0.0]), BEAM)[0, 0]
    assert found == pytest.approx(expected, rel=0.01)


def test_charge_waves_and_dipoles_are_one_theory():
    # The charge of a polarised sphere as an "edge wave": its in-plane part must be the K1 term of the dipole,
    # up to the retardation that the charge does without.
    radius, energy = 2.0, 2.0
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(4000, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    direction = np.concatenate([direction, -direction])  # neutral
    points, charge = radius * direction[:, :2], direction[:, 1]
    moment = charge @ points[:, 1]
    self_energy = moment**2 / (2 * radius**3)
    wave = EdgeWaves(np.array([energy]), 0.3, points, charge[None] / np.sqrt(self_energy), 0.0)
    x = np.array([30.0, 60.0])
    found = wave.probabilities(np.zeros(2), x, BEAM)[0]
    v, g = velocity(BEAM), gamma(BEAM)
    size = radius * energy / (HBAR_C * v)
    expected = 2 * FINE_STRUCTURE / v * size**3 / g**2 * k1(x / reach(energy, BEAM)) ** 2
    np.testing.assert_allclose(found, expected, rtol=0.05)


def test_a_long_edge_reaches_tens_of_nanometres_into_the_vacuum():
    # integral K0(k sqrt(s^2 + b^2)) cos(q s) ds = pi / p exp(-p b) with p^2 = k^2 + q^2.
    length = 3000.0
    wave = edge_waves(np.array([0.0, -length / 2]), np.array([0.0, length / 2]), 30.0, SILVER.metal)
    order = 1  # the second: an antinode in the middle
    b = np.array([40.0, 90.0])
    found = wave.probabilities(b, np.zeros(2), BEAM)[order]
    decay = np.hypot(1 / reach(wave.energies[order], BEAM), (order + 1) * np.pi / length)
    softened = np.hypot(b, wave.softening)
    assert np.log(found[0] / found[1]) == pytest.approx(2 * decay * (softened[1] - softened[0]), rel=0.01)


def test_a_2_ev_mode_is_felt_at_25_nm():
    side = edge_waves(np.array([0.0, -41.0]), np.array([0.0, 41.0]), 5.0, SILVER.metal)
    assert side.energies[0] == pytest.approx(2.0, abs=0.05)
    corner, away = side.probabilities(np.array([0.0, 25.0]), np.array([41.0, 41.0]), BEAM)[0]
    assert 0.15 < away / corner < 0.6
    assert 1e-3 < corner < 2e-2  # as measured on silver particles of this size: less than a percent


def test_standing_waves_have_their_nodes():
    side = edge_waves(np.array([0.0, -50.0]), np.array([0.0, 50.0]), 5.0, SILVER.metal)
    first, second, _ = side.probabilities(np.zeros(1), np.zeros(1), BEAM)[:, 0]
    assert first < 1e-12 < second


def test_inside_a_particle_the_potential_goes_on_steadily():
    radius = 5.0
    near = lone(radius).probabilities(np.array([radius - 1e-6, radius + 1e-6]), np.zeros(2), BEAM)[0]
    assert near[0] == pytest.approx(near[1], rel=1e-4)
    assert lone(radius).probabilities(np.zeros(1), np.zeros(1), BEAM)[0, 0] < near[0] / 10


def test_particles_on_the_flake_are_silent_and_those_beside_it_are_shifted():
    specimen = grow(Design(), np.random.default_rng(2))
    modes = surface_modes(specimen)
    dipoles = modes[-1]
    assert isinstance(dipoles, Dipoles)
    assert len(modes) == len(specimen.flake.corners) + 1
    assert not specimen.flake.contains(*dipoles.centres.T).any()
    gap = specimen.flake.distance(*dipoles.centres.T) - dipoles.radii
    assert dipoles.energies[gap < 3].max() < dipoles.energies.max() - 0.05
    assert dipoles.energies.max() <= GOLD.metal.dipole_energy == pytest.approx(2.45, abs=0.01)
