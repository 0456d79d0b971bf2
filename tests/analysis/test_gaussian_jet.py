from __future__ import annotations

import numpy as np

from stemline.analysis.gaussian_jet import gaussian_jet


def test_invariants_of_known_surfaces() -> None:
    y, x = np.mgrid[-30:31, -30:31].astype(float)
    centre = (slice(None), 30, 30)
    scale = 3.0
    (ramp,) = gaussian_jet(2 * x + y, [scale])
    expected = [0, scale * np.sqrt(5), 0, 0, scale, 2 * scale, 0, 0]
    np.testing.assert_allclose(ramp[centre], expected, rtol=1e-3, atol=1e-6)
    (bowl,) = gaussian_jet(x**2 + y**2, [scale])
    np.testing.assert_allclose(bowl[centre][1:], [0, 4 * scale**2, 0, 0, 0, 0, 0], rtol=0.01, atol=1e-6)
    (saddle,) = gaussian_jet(x * y, [scale])
    np.testing.assert_allclose(
        saddle[centre], [0, 0, 0, 2 * scale**2, 0, 0, 0, 2 * scale**2], rtol=0.01, atol=1e-6
    )


def test_turning_the_image_turns_the_maps() -> None:
    image = np.random.default_rng(0).normal(size=(32, 32))
    jet = gaussian_jet(image, [1.0, 2.5])
    turned = gaussian_jet(np.rot90(image), [1.0, 2.5])
    expected = np.rot90(jet, axes=(2, 3)).copy()
    # By a quarter turn to the left, what was +x is -y, what was +y is +x, and stretch and shear change sign.
    expected[:, 4], expected[:, 5] = -expected[:, 5].copy(), expected[:, 4].copy()
    expected[:, 6:] *= -1
    np.testing.assert_allclose(turned, expected, atol=1e-12)
