from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from stemline.analysis.featurise import candidates


def bright_corner() -> np.ndarray:
    image = np.random.default_rng(0).normal(size=(12, 20))
    image[0, 0] = 50.0
    return image


def test_every_pixel_is_a_candidate_edges_included() -> None:
    found = candidates(bright_corner(), pixel_size_nm=0.5)
    assert found.grid == (12, 20)
    assert found.positions.shape == (240, 2)
    np.testing.assert_allclose(found.positions[0], [-2.75, -4.75])
    np.testing.assert_allclose(found.positions[1] - found.positions[0], [0, 0.5])
    np.testing.assert_allclose(found.positions[-1], [2.75, 4.75])
    assert found.features.shape == (240, 40) == (240, len(found.feature_names))
    brightest = found.feature_names.index("mean_1.9375px")
    assert found.features[:, brightest].argmax() == 0


def test_oversampled_image_has_one_candidate_a_block() -> None:
    image = np.random.default_rng(1).normal(size=(8 * 6, 8 * 3))
    image[8:16, 16:24] += 9  # block (1, 2)
    found = candidates(image, pixel_size_nm=0.01, grid=(6, 3))
    np.testing.assert_allclose(found.positions[0], [-0.2, -0.08])
    smallest = found.feature_names.index("mean_1.5px")
    assert found.features[:, smallest].argmax() == 1 * 3 + 2


def test_features_are_standardised_and_constant_ones_zero() -> None:
    found = candidates(bright_corner(), 1.0)
    np.testing.assert_allclose(found.features.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(found.features.std(axis=0), 1, atol=1e-9)
    assert not candidates(np.full((16, 16), 3.0), 1.0).features.any()


def test_features_do_not_depend_on_gain_and_offset_of_the_detector() -> None:
    image = bright_corner()
    np.testing.assert_allclose(
        candidates(image, 1.0).features, candidates(300 * image + 7, 1.0).features, atol=1e-4
    )


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros((4, 4, 2)), {}, "shape .4, 4, 2. is no image"),
        (np.zeros((0, 4)), {}, "is no image"),
        (np.where(np.eye(8) * np.arange(8) == 3, np.nan, 1.0), {}, "1 pixels, first at y = 3, x = 3"),
        (np.zeros((8, 8)), {"pixel_size_nm": 0.0}, "pixel size of 0.0 nm"),
        (np.zeros((8, 8)), {"grid": (3, 4)}, "grid of .3, 4. does not fit"),
        (np.zeros((8, 8)), {"grid": (4, 2)}, "does not fit"),
        (np.zeros((8, 8)), {"grid": (0, 0)}, "does not fit"),
        (np.zeros((8, 8)), {"patch_size": 4}, "patches of 4 px"),
        (np.zeros((8, 8)), {"components": 0}, "0 principal components"),
    ],
)
def test_what_is_no_image_or_does_not_fit_is_refused(image: np.ndarray, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        candidates(image, **({"pixel_size_nm": 1.0} | options))
    assert "\n" not in str(error.value)


def test_twelve_thousand_candidates_take_less_than_a_second() -> None:
    image = np.random.default_rng(0).normal(size=(113, 113))
    started = time.process_time()
    found = candidates(image, 1.0)
    assert len(found.positions) == 12_769
    assert time.process_time() - started < 1.0


def test_measured_survey_is_32_times_finer_than_its_spectrum_image(measured: Callable[[str], dict]) -> None:
    found = candidates(measured("DMReader_SI-HAADF.dm3")["data"], 0.15 / 32, grid=(49, 6))
    assert found.positions.shape == (294, 2)
    np.testing.assert_allclose(found.positions[-1], [3.6, 0.375])


def test_analysis_loads_neither_readers_nor_control_system() -> None:
    code = (
        "import sys, stemline.analysis.featurise, stemline.analysis.scalarise;"
        "print([m for m in ('pydantic', 'rsciio', 'ophyd', 'bluesky', 'torch') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
