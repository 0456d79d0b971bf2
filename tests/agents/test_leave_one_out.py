import math

import numpy as np

from stemline.agents.evidence import Hyper
from stemline.agents.leave_one_out import left_out
from stemline.agents.process import Process
from stemline.agents.sites import Sites

HYPER = Hyper(np.log([1.3, 0.02, 0.4, 0.8]))


def test_is_what_refitting_without_each_value_gives() -> None:
    rng = np.random.default_rng(0)
    places = Sites(rng.normal(size=(20, 3)), rng.normal(size=(20, 2)))
    values, noise, every = np.sin(places.looks[:, 0]), np.linspace(0.01, 0.3, 20), np.arange(20)
    seen = left_out(Process(places, HYPER, every, values, noise).factor, values)
    for k in every:
        rest = every != k
        without = Process(places, HYPER, every[rest], values[rest], noise[rest])
        sigma = math.sqrt(without.variance[k] + noise[k] + HYPER.floor)
        np.testing.assert_allclose(seen.error[k], values[k] - without.mean[k], rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(seen.sigma[k], sigma, rtol=1e-9)
        density = math.exp(-0.5 * (seen.error[k] / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
        np.testing.assert_allclose(seen.log_density[k], math.log(density), rtol=1e-9)
