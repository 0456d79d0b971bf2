import numpy as np
import pytest

from stemline.agents.acquisition.novelty import novelty

RNG = np.random.default_rng(2)


def test_it_is_the_expected_square_of_what_draws_give() -> None:
    mean, sigma = RNG.normal(size=(3, 4)), RNG.uniform(0.1, 1.0, size=(3, 4))
    seen = RNG.normal(size=(1, 4))
    drawn = mean + sigma * RNG.normal(size=(200_000, 3, 4))
    squares = np.square(drawn - seen[0]).sum(axis=-1).mean(axis=0)
    assert novelty(mean, sigma, seen) == pytest.approx(np.sqrt(squares), rel=0.01)


def test_what_was_seen_is_not_new_and_what_is_far_or_unknown_is() -> None:
    seen = RNG.normal(size=(12, 3))
    mean = np.vstack([seen[0], seen[0], seen[0] + 10.0])
    sigma = np.zeros((3, 3))
    sigma[1] = 2.0
    known, unknown, far = novelty(mean, sigma, seen, neighbours=1)
    assert known == pytest.approx(0.0, abs=1e-6)
    assert unknown == pytest.approx(2.0 * np.sqrt(3))
    assert far > unknown


def test_the_nearest_count() -> None:
    seen = np.array([[0.0], [3.0], [100.0]])
    assert novelty(np.array([[1.0]]), np.zeros((1, 1)), seen, neighbours=2) == pytest.approx(
        np.sqrt((1 + 4) / 2)
    )
