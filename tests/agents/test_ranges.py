import pytest

from stemline.agents.ranges import ranges


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([3], "3"), ([2, 1], "1-2"), ([7, 0, 1, 2, 9, 8], "0-2,7-9"), ([-1, 0, 4], "-1-0,4")],
)
def test_ranges(numbers, text) -> None:
    assert ranges(numbers) == text
