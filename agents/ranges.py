"""Whole numbers in few characters."""

from __future__ import annotations

from collections.abc import Iterable


def ranges(numbers: Iterable[int]) -> str:
    """Write whole numbers as ascending ranges: ``"0-4,7"``.

    Examples
    --------
    >>> ranges([7, 0, 1, 2, 3, 4])
    '0-4,7'
    """
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in found)
