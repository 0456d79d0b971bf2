import numpy as np
import pytest

from stemline.agents.acquisition.hypervolume import expected_hypervolume_improvement, pareto_front

RNG = np.random.default_rng(4)
MEASURED = RNG.normal(size=(12, 2))
REFERENCE = np.array([-1.5, -1.0])


def area(values: np.ndarray) -> float:
    """What `values` dominate above the reference, by counting strips."""
    total, best = 0.0, REFERENCE[1]
    for first, second in values[np.argsort(-values[:, 0])]:
        if first > REFERENCE[0] and second > best:
            total += (first - REFERENCE[0]) * (second - best)
            best = second
    return total


def test_a_front_is_what_nothing_exceeds() -> None:
    values = np.array([[1.0, 1.0], [0.0, 2.0], [0.5, 0.5], [1.0, 0.0], [0.0, 2.0]])
    assert pareto_front(values).tolist() == [[1.0, 1.0], [0.0, 2.0]]
    assert pareto_front(np.empty((0, 2))).shape == (0, 2)


def test_of_a_known_outcome_it_is_what_the_area_grows_by() -> None:
    mean = RNG.normal(size=(30, 2)) * 2
    grown = [area(np.vstack([MEASURED, one])) - area(MEASURED) for one in mean]
    assert expected_hypervolume_improvement(mean, np.zeros((30, 2)), MEASURED, REFERENCE) == pytest.approx(
        grown, abs=1e-12
    )
    assert max(grown) > 0


def test_it_is_what_draws_give() -> None:
    mean, sigma = np.array([[0.5, 0.8], [-0.5, 1.0]]), np.array([[0.7, 0.4], [1.0, 0.8]])
    drawn = mean + sigma * RNG.normal(size=(20_000, 2, 2))
    grown = np.mean([[area(np.vstack([MEASURED, one])) for one in both] for both in drawn], axis=0)
    expected = expected_hypervolume_improvement(mean, sigma, MEASURED, REFERENCE)
    assert expected == pytest.approx(grown - area(MEASURED), rel=0.05)


def test_without_measurements_all_above_the_reference_counts() -> None:
    one = expected_hypervolume_improvement(
        np.array([[1.0, 2.0]]), np.zeros((1, 2)), np.empty((0, 2)), REFERENCE
    )
    assert one == pytest.approx((1.0 + 1.5) * (2.0 + 1.0))
