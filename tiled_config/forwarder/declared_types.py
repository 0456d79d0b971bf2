"""Events with numbers of the type that their descriptor declares."""

from __future__ import annotations

import math
from typing import Any


class DeclaredTypes:
    """Turn an integer into a float where the descriptor says "number"; one instance a run.

    The first event fixes a table's column types, so that a soft signal which starts at ``0`` and goes on with
    ``0.5`` would be refused by the server. A number that is missing becomes NaN for the same reason.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[str, ...]] = {}

    def __call__(self, name: str, doc: dict[str, Any]) -> dict[str, Any]:
        """Change a document of the run in place, and return it."""
        if name == "descriptor":
            self._numbers[doc["uid"]] = tuple(
                key for key, about in doc["data_keys"].items() if about["dtype"] == "number"
            )
        elif name == "event":
            data = doc["data"]
            for key in self._numbers[doc["descriptor"]]:
                if key in data:
                    data[key] = _number(data[key])
        elif name == "event_page":
            data = doc["data"]
            for key in self._numbers[doc["descriptor"]]:
                if key in data:
                    data[key] = [_number(value) for value in data[key]]
        return doc


def _number(value: Any) -> Any:
    if value is None:
        return math.nan
    # The id of a frame in a file (a Datum document) is declared as the number that is in the file.
    return value if isinstance(value, str) else float(value)
