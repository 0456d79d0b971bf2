import numpy as np
import pytest

from stemline.agents.calibration import SEEN, inflation


def test_scores_of_one_leave_what_seeing_the_values_takes_off() -> None:
    assert inflation(np.ones(30)) == pytest.approx(SEEN)


@pytest.mark.parametrize("size", [0.5, 2.0])
def test_the_more_scores_the_more_they_count(size) -> None:
    few, many = (inflation(np.full(n, size)) / SEEN for n in (5, 5000))
    assert abs(np.log(few)) < abs(np.log(many))
    assert many == pytest.approx(size, rel=0.01)


def test_one_spike_does_not_widen_everything() -> None:
    scores = np.ones(50)
    scores[3] = 1000.0
    assert inflation(scores) < 1.15 * SEEN
