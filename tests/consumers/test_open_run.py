from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stemline.consumers.open_run import open_run


class Node(dict[str, Any]):
    """A container of the catalog."""

    def __init__(self, metadata: dict[str, Any], **children: Any) -> None:
        super().__init__(children)
        self.metadata = metadata

    @property
    def base(self) -> Node:
        return self

    def __getitem__(self, path: str) -> Any:
        head, _, rest = path.partition("/")
        found = super().__getitem__(head)
        return found[rest] if rest else found


def run(images: dict[str, np.ndarray], pixel_sizes: dict[str, float], events: int = 2) -> Any:
    keys = {
        f"{name}_image": {
            "object_name": name,
            "shape": list(image.shape[1:]),
            "dims": ["y", "x"],
            "units": "counts",
        }
        for name, image in images.items()
    }
    about = {
        "data_keys": {"beam_current": {"object_name": "beam", "shape": [], "units": "pA"}, **keys},
        "configuration": {name: {"data": {f"{name}_pixel_size": size}} for name, size in pixel_sizes.items()},
    }
    numbers = range(1, events + 1)
    table = pd.DataFrame({"seq_num": numbers, "time": [1e9 + n for n in numbers], "beam_current": 50.0})
    arrays = {f"{name}_image": image for name, image in images.items()}
    stream = Node(about, internal=SimpleNamespace(read=lambda: table), **arrays)
    start = {"uid": "u", "plan_name": "survey", "sample": "gold", "scan_id": 3}
    made = Node({"start": start}, primary=stream)
    made.refresh = lambda: None  # type: ignore[attr-defined]
    return made


def test_units_and_facts_travel_with_the_numbers() -> None:
    data = open_run(run({"haadf": np.zeros((2, 3, 4))}, {"haadf": 2.0}))
    assert data["haadf_image"].dims == ("time", "y", "x")
    assert data["beam_current"].attrs["units"] == "pA"
    assert data["x"].attrs["units"] == "nm"
    assert data["x"].values.tolist() == [-3.0, -1.0, 1.0, 3.0]
    assert data["time"].dtype.kind == "M"
    assert data["seq_num"].values.tolist() == [1, 2]
    assert data.attrs == {
        "uid": "u",
        "plan_name": "survey",
        "sample": "gold",
        "scan_id": 3,
        "status": "running",
        "reason": "",
    }


def test_frames_ahead_of_their_events_are_left_out() -> None:
    data = open_run(run({"haadf": np.zeros((5, 3, 4))}, {}))
    assert data["haadf_image"].shape == (2, 3, 4)
    assert "x" not in data.coords


@pytest.mark.parametrize(("side", "pixel"), [(6, 2.0), (4, 1.0)])
def test_detectors_with_different_axes_keep_them(side: int, pixel: float) -> None:
    images = {"haadf": np.zeros((2, 4, 4)), "bf": np.zeros((2, side, side))}
    data = open_run(run(images, {"haadf": 2.0, "bf": pixel}))
    assert data["haadf_image"].dims == ("time", "y", "x")
    assert data["bf_image"].dims == ("time", "bf_image_y", "bf_image_x")
    assert np.diff(data["bf_image_x"])[0] == pixel
    assert np.diff(data["x"])[0] == 2.0


def test_detectors_with_equal_axes_share_them() -> None:
    images = {"haadf": np.zeros((2, 4, 4)), "bf": np.zeros((2, 4, 4))}
    data = open_run(run(images, {"haadf": 2.0, "bf": 2.0}))
    assert data["bf_image"].dims == data["haadf_image"].dims


def test_only_what_is_asked_for() -> None:
    assert list(open_run(run({"haadf": np.zeros((2, 3, 4))}, {}), keys=["beam_current"])) == ["beam_current"]


def test_says_what_there_is() -> None:
    with pytest.raises(KeyError, match="run u has no stream 'baseline', only primary"):
        open_run(run({}, {}), "baseline")
    with pytest.raises(KeyError, match="has no eels_total, only beam_current"):
        open_run(run({}, {}), keys=["eels_total"])
