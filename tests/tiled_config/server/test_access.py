from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tiled.access_control.access_policies import NO_ACCESS

from stemline.tiled_config.server.access import PlacePolicy
from stemline.tiled_config.server.keys import READING, SCOPES


class Node:
    def __init__(self, *segments: str) -> None:
        self.segments = list(segments)

    async def path_segments(self) -> list[str]:
        return self.segments


class InsideOfFile:
    """As Tiled's adapters, which know no path."""


def allowed(node: Any, scopes: tuple[str, ...]) -> set[str]:
    return asyncio.run(PlacePolicy().allowed_scopes(node, None, None, set(scopes)))


@pytest.mark.parametrize("role", ["acquisition", "agent"])
@pytest.mark.parametrize(
    ("place", "writer"),
    [
        (("runs",), "acquisition"),
        (("runs", "uid", "primary"), "acquisition"),
        (("derived",), "agent"),
        (("derived", "runs"), "agent"),
        ((), None),
        (("elsewhere", "runs"), None),
        (("runs2",), None),
    ],
)
def test_each_writes_in_its_own_place_only(role: str, place: tuple[str, ...], writer: str | None) -> None:
    expected = set(SCOPES[role]) if role == writer else set(READING)
    assert allowed(Node(*place), SCOPES[role]) == expected


def test_what_is_in_a_file_can_only_be_read() -> None:
    assert allowed(InsideOfFile(), SCOPES["acquisition"]) == set(READING)


def test_the_viewer_reads_everywhere_and_nobody_nothing() -> None:
    assert allowed(Node(), SCOPES["viewer"]) == set(READING)
    assert allowed(Node("runs"), ()) == set()


def test_the_admin_is_not_held_back() -> None:
    assert allowed(Node(), SCOPES["admin"]) == set(SCOPES["admin"])


def test_the_policy_never_adds_a_right() -> None:
    for scopes in (("write:data",), ("register",), ("read:metadata", "delete:node")):
        for node in (Node(), Node("runs", "a"), Node("derived", "a")):
            assert allowed(node, scopes) <= set(scopes)


def test_nothing_is_listed_for_who_may_not_read() -> None:
    async def filters(mine: set[str]) -> Any:
        return await PlacePolicy().filters(None, None, None, mine, {"read:metadata"})

    assert asyncio.run(filters(set())) is NO_ACCESS
    assert list(asyncio.run(filters(set(READING)))) == []


def test_tags_are_not_taken() -> None:
    modified, tags = asyncio.run(PlacePolicy().init_node(None, None, set(), {"public"}))
    assert modified
    assert tags == frozenset()
