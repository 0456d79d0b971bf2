import numpy as np
import pytest

from stemline.agents.evidence import Hyper
from stemline.agents.outliers import AS_IF, WILD, disbelief, wildest
from stemline.agents.process import Process
from stemline.agents.sites import Sites

PLACES = 0.5 * np.random.default_rng(0).normal(size=(60, 2))
HONEST = np.sin(PLACES[:, 0])


def process(values) -> Process:
    return Process(
        Sites(PLACES, np.zeros((60, 2))),
        Hyper(np.log([1.0, 0.01, 0.01, 1.0])),
        np.arange(60),
        values,
        np.full(60, 0.01),
    )


def test_where_nothing_is_wild_nothing_is_found() -> None:
    assert wildest(process(HONEST)) is None


def test_the_spike_is_found_and_not_its_neighbour() -> None:
    values = HONEST.copy()
    values[17] += 10.0
    assert wildest(process(values)) == 17


def test_what_is_added_makes_an_error_as_large_as_expected_of_a_rare_one() -> None:
    error, variance = np.array([WILD + 0.1, -50.0, WILD - 0.1]), np.ones(3)
    added = disbelief(error, variance)
    assert added[2] == 0
    assert np.abs(error[:2]) / np.sqrt(variance + added)[:2] == pytest.approx(AS_IF)
