from __future__ import annotations

from typing import Any

from stemline.tiled_config.declared_types import DeclaredTypes

DESCRIPTOR = {
    "uid": "d",
    "data_keys": {"x": {"dtype": "number"}, "n": {"dtype": "integer"}, "s": {"dtype": "string"}},
}


def test_numbers_become_floats_and_only_they() -> None:
    declared = DeclaredTypes()
    declared("descriptor", DESCRIPTOR)
    event = {"descriptor": "d", "data": {"x": 0, "n": 3, "s": "seed"}}
    data = declared("event", event)["data"]
    assert [type(data[key]) for key in ("x", "n", "s")] == [float, int, str]
    assert type(event["data"]["x"]) is int  # type: ignore[index]


def test_pages() -> None:
    declared = DeclaredTypes()
    declared("descriptor", DESCRIPTOR)
    page = declared("event_page", {"descriptor": "d", "data": {"x": [0, 0.5], "n": [1, 2]}})
    assert [type(x) for x in page["data"]["x"]] == [float, float]
    assert page["data"]["n"] == [1, 2]


def test_receiver_may_change_what_it_gets() -> None:
    resource: dict[str, Any] = {"uid": "r", "parameters": {"dataset": "/entry"}}
    DeclaredTypes()("stream_resource", resource)["parameters"].clear()
    assert resource["parameters"] == {"dataset": "/entry"}
