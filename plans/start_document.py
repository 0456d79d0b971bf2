"""What a start document says about a spectroscopy run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

HINTS = {"dimensions": [[["scanner_x"], "primary"], [["scanner_y"], "primary"]]}
"""Plot the points where they lie on the specimen."""


def plain(value: Any) -> Any:
    """Reduce `value` to what JSON has: dataclasses become mappings, what is unknown its text."""
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
