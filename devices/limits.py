"""Limits of a process variable, as documents have them."""

from __future__ import annotations

from typing import Any

LOW, HIGH = "lower_ctrl_limit", "upper_ctrl_limit"


def told(keys: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Leave out of a description what is no limit: EPICS says "none" with two that are equal."""
    for key in keys.values():
        low, high = key.get(LOW), key.get(HIGH)
        if low is None or high is None or low >= high:
            key.pop(LOW, None)
            key.pop(HIGH, None)
    return keys
