import numpy as np
import pytest

from stemline.agents.acquisition import ACQUISITIONS, POSITIVE, Outlook

RNG = np.random.default_rng(0)
OUTLOOK = Outlook(
    RNG.normal(size=50), RNG.uniform(0, 1, 50), 0.8, lambda: np.array([0.7, 0.9]), lambda: RNG.normal(size=50)
)


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_each_judges_every_candidate(name) -> None:
    worth = ACQUISITIONS[name](OUTLOOK)
    assert worth.shape == (50,)
    assert np.all(np.isfinite(worth))
    assert np.ptp(worth) > 0
    assert name not in POSITIVE or np.all(worth >= 0)
