import numpy as np
import pytest

from stemline.agents.dkl_agent import DKLAgent
from stemline.agents.make_agent import make_agent
from stemline.agents.random_agent import RandomAgent

CANDIDATES = np.ones((3, 1)), np.zeros((3, 2))


def test_the_kind_is_what_was_asked_for() -> None:
    assert isinstance(make_agent(*CANDIDATES, {"kind": "random"}), RandomAgent)
    assert isinstance(make_agent(*CANDIDATES, {}), DKLAgent)


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="num_points is 0"):
        make_agent(*CANDIDATES, {"num_points": 0})
