"""A node of the catalog that may be there already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tiled.client.utils import ClientError

CONFLICT = 409


def make_or_find(node: Any) -> Any:
    """Take the place of `node.new`: return what is there where the server refuses to make it again."""
    make: Callable[..., Any] = node.new

    def new(*args: Any, key: str, **kwargs: Any) -> Any:
        try:
            return make(*args, key=key, **kwargs)
        except ClientError as error:
            only_conflict(error)
            found = node[key]
        new.found.add(key)  # type: ignore[attr-defined]
        return found

    new.found = set()  # type: ignore[attr-defined]
    return new


def only_conflict(error: ClientError) -> None:
    """Raise an error of the server unless it says that something is there already."""
    if error.response.status_code != CONFLICT:
        raise error
