from dataclasses import fields

import numpy as np
import pytest

from stemline.twin.specimen import SMALLEST_GAP, Design, grow


def specimen(seed=1, **design):
    return grow(Design(**design), np.random.default_rng(seed))


def test_the_same_seed_grows_the_same_specimen_and_another_does_not():
    one, same, other = specimen(1), specimen(1), specimen(2)
    for name in ("centres", "radii"):
        np.testing.assert_array_equal(getattr(one, name), getattr(same, name))
    np.testing.assert_array_equal(one.flake.corners, same.flake.corners)
    assert not np.allclose(one.flake.corners, other.flake.corners)


@pytest.mark.parametrize("seed", range(5))
def test_particles_do_not_touch_and_none_floats_over_the_hole(seed):
    grown = specimen(seed)
    y, x = grown.centres.T
    gaps = np.hypot(y[:, None] - y, x[:, None] - x) - grown.radii - grown.radii[:, None]
    assert gaps[~np.eye(len(gaps), dtype=bool)].min() > SMALLEST_GAP
    over_hole = np.hypot(y - grown.hole[0], x - grown.hole[1]) < grown.hole[2]
    held = grown.flake.contains(y, x) | (grown.flake.distance(y, x) - grown.radii < 3.01)
    assert np.all(held[over_hole])


def test_thickness_through_a_particle_is_its_diameter_and_its_volume_that_of_a_sphere():
    grown = specimen(particles=1, particle_radius=10.0)
    (y, x), radius = grown.centres[0], grown.radii[0]
    assert grown.thickness(np.array([y]), np.array([x]))[2, 0] == pytest.approx(2 * radius)
    along = np.arange(-20, 20, 0.1)
    gold = grown.thickness(*np.meshgrid(y + along, x + along, indexing="ij"))[2]
    assert gold.sum() * 0.1**2 == pytest.approx(4 / 3 * np.pi * radius**3, rel=1e-3)


def test_film_flake_and_vacuum():
    grown = specimen(particles=0, support_thickness=7.0, flake_thickness=4.0)
    hole_y, hole_x, radius = grown.hole
    far = 1 + (radius + 5) / np.hypot(hole_y, hole_x)
    y = np.array([hole_y, hole_y * far])
    film, silver, gold = grown.thickness(y, np.array([hole_x, hole_x * far]))
    np.testing.assert_array_equal(film, [0, 7])
    assert not gold.any()
    centre = grown.flake.corners.mean(axis=0)
    assert grown.thickness(*centre[:, None])[1, 0] == 4.0
    assert not silver[1]


def test_a_field_without_particles_and_one_too_full_for_all():
    assert specimen(particles=0).centres.shape == (0, 2)
    assert len(specimen(particles=60, particle_radius=45.0).radii) < 60


def test_every_choice_of_the_design_changes_the_specimen():
    plain = specimen().thickness(*np.meshgrid(*2 * [np.arange(-150, 150, 5.0)], indexing="ij"))
    for choice in fields(Design):
        changed = specimen(**{choice.name: type(choice.default)(choice.default * 1.25)})
        thickness = changed.thickness(*np.meshgrid(*2 * [np.arange(-150, 150, 5.0)], indexing="ij"))
        assert not np.array_equal(plain, thickness), choice.name
