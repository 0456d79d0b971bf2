"""Events with numbers of the type that their descriptor declares."""

from __future__ import annotations

import copy
from typing import Any


class DeclaredTypes:
    """Turn an integer into a float where the descriptor says "number"; one instance a run.

    The first event fixes a table's column types, so that a soft signal which starts at ``0`` and goes on with
    ``0.5`` would be refused by the server.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[str, ...]] = {}

    def __call__(self, name: str, doc: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of the document that its receiver may change."""
        doc = copy.deepcopy(doc)
        if name == "descriptor":
            self._numbers[doc["uid"]] = tuple(
                key for key, about in doc["data_keys"].items() if about["dtype"] == "number"
            )
        elif name == "event":
            for key in self._numbers[doc["descriptor"]]:
                if key in doc["data"]:
                    doc["data"][key] = float(doc["data"][key])
        elif name == "event_page":
            for key in self._numbers[doc["descriptor"]]:
                if key in doc["data"]:
                    doc["data"][key] = [float(value) for value in doc["data"][key]]
        return doc
