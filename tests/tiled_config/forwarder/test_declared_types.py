from __future__ import annotations

import math

from stemline.tiled_config.forwarder.declared_types import DeclaredTypes

DESCRIPTOR = {
    "uid": "d",
    "data_keys": {
        "x": {"dtype": "number"},
        "y": {"dtype": "number"},
        "n": {"dtype": "integer"},
        "s": {"dtype": "string"},
    },
}


def test_numbers_become_floats_and_only_they() -> None:
    declare = DeclaredTypes()
    declare("descriptor", DESCRIPTOR)
    data = declare("event", {"descriptor": "d", "data": {"x": 0, "n": 3, "s": "seed"}})["data"]
    assert [type(data[key]) for key in ("x", "n", "s")] == [float, int, str]


def test_a_missing_number_is_nan_and_the_id_of_a_datum_is_left_alone() -> None:
    declare = DeclaredTypes()
    declare("descriptor", DESCRIPTOR)
    data = declare("event", {"descriptor": "d", "data": {"x": None, "y": "resource/0"}})["data"]
    assert math.isnan(data["x"])
    assert data["y"] == "resource/0"


def test_pages() -> None:
    declare = DeclaredTypes()
    declare("descriptor", DESCRIPTOR)
    page = declare("event_page", {"descriptor": "d", "data": {"x": [0, 0.5], "n": [1, 2]}})
    assert [type(x) for x in page["data"]["x"]] == [float, float]
    assert page["data"]["n"] == [1, 2]
