import numpy as np
import pytest

from stemline.analysis.scalarise import make_scalariser

FIRST, SECOND = (0.0, 2.0), (2.0, 0.0)


def scalariser(component, semi_angle=0.6):
    return make_scalariser(
        "disk_strain", first=FIRST, second=SECOND, semi_angle=semi_angle, component=component
    )


def strained(disks, deformation, shift=(0.0, 0.0), electrons=1e6):
    """Pattern of a lattice whose vectors r became (1 + deformation) r, in (y, x)."""
    reciprocal = np.linalg.inv(np.eye(2) + deformation).T
    spots = [sign * reciprocal @ g for g in (FIRST, SECOND) for sign in (1, -1)]
    centres = [(y + shift[0], x + shift[1]) for y, x in ([0.0, 0.0], *spots)]
    return disks.at(*centres, semi_angle=0.6, electrons=electrons)


@pytest.mark.parametrize(
    ("component", "expected"),
    [("yy", 0.02), ("xx", -0.01), ("xy", 0.006), ("rotation", 0.004), ("dilation", 0.01)],
)
def test_a_known_deformation_is_found(disks, component, expected):
    deformation = np.array([[0.02, 0.006 + 0.004], [0.006 - 0.004, -0.01]])
    pattern = strained(disks, deformation, shift=(0.1, -0.05))
    found = scalariser(component)(pattern, disks.ky, disks.kx).value
    assert found == pytest.approx(expected, abs=1.5e-3)  # of first order, and a tenth of a pixel


def test_sigma_is_the_scatter(disks):
    frames = disks.noisy(strained(disks, np.zeros((2, 2)), electrons=2000), 300)
    results = disks.reduce(scalariser("xx"), frames)
    assert np.mean([one.sigma for one in results]) == pytest.approx(
        np.std([o.value for o in results]), rel=0.12
    )


def test_overlapping_disks_are_refused():
    with pytest.raises(ValueError, match="disks of 1.1 mrad overlap.*semi-angle below 1 mrad"):
        scalariser("xx", semi_angle=1.1)
    with pytest.raises(ValueError, match="lie on one line"):
        make_scalariser("disk_strain", first=[0, 2], second=[0, 4], semi_angle=0.5)
