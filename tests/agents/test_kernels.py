import numpy as np
import pytest

from stemline.agents.evidence import Hyper
from stemline.agents.feature_map import Relevance
from stemline.agents.kernels import DEEP_FROM, ODDS, Kernels, foreseen
from stemline.agents.process import Process
from stemline.agents.sites import Sites
from stemline.agents.standardised import Standardised


def test_the_deep_kernel_steps_aside_unless_it_foresaw_much_better() -> None:
    kernels = Kernels(3, "auto", seed=0)
    assert kernels.choose({}) == "fixed"
    assert kernels.choose({"fixed": -10.0}) == "fixed"
    assert kernels.choose({"fixed": -10.0, "deep": -10.0 + 0.9 * ODDS}) == "fixed"
    assert kernels.choose({"fixed": -10.0, "deep": -10.0 + 1.1 * ODDS}) == "deep"


@pytest.mark.parametrize("wanted", ["fixed", "deep"])
def test_who_asks_for_a_kernel_gets_it(wanted) -> None:
    kernels = Kernels(3, wanted, seed=0)
    assert list(kernels.worth_fitting(99)) == [wanted]
    assert kernels.choose({"fixed": 5.0, "deep": 5.0}) == wanted


def test_few_points_are_not_enough_for_a_deep_one() -> None:
    kernels = Kernels(3, "auto", seed=0)
    assert list(kernels.worth_fitting(DEEP_FROM - 1)) == ["fixed"]
    assert list(kernels.worth_fitting(DEEP_FROM)) == ["fixed", "deep"]


def test_the_evidence_is_what_one_prediction_after_the_other_gave() -> None:
    rng = np.random.default_rng(0)
    features, hyper = rng.normal(size=(20, 3)), Hyper(np.r_[np.log([1.3, 0.05, 0.4, 0.8]), np.zeros(4)])
    values, noise = np.sin(features[:, 0]), np.linspace(0.01, 0.2, 20)
    sites = Sites(features, rng.normal(size=(20, 2)))
    places, total = hyper.places(Relevance(3), sites), 0.0
    for k in range(12, 20):
        seen = Process(places, hyper, np.arange(k), values[:k], noise[:k])
        variance = seen.variance[k] + noise[k] + hyper.floor
        total -= 0.5 * ((values[k] - seen.mean[k]) ** 2 / variance + np.log(2 * np.pi * variance))
    got = foreseen(Relevance(3), hyper, sites, Standardised(values, noise), seen=12)
    assert got == pytest.approx(total, rel=1e-9)
