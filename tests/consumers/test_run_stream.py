from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from stemline.consumers.run_stream import data_keys, read_array, read_events


def run(**nodes: Any) -> Any:
    return SimpleNamespace(base={key.replace("__", "/"): node for key, node in nodes.items()})


def test_rows_sent_twice_count_once_and_in_order() -> None:
    table = pd.DataFrame({"seq_num": [1, 3, 2, 2], "x": [10.0, 30.0, 20.0, 20.0]})
    events = read_events(run(primary__internal=SimpleNamespace(read=lambda: table)), "primary")
    assert list(events["seq_num"]) == [1, 2, 3]
    assert list(events["x"]) == [10.0, 20.0, 30.0]


def test_what_has_not_arrived() -> None:
    assert read_events(run(), "primary") == {}
    assert read_array(run(), "survey", "haadf_image") is None
    assert read_array(run(survey__haadf_image=np.zeros((0, 4, 5))), "survey", "haadf_image") is None
    assert data_keys(run(), "primary") == {}


def test_newest_frame() -> None:
    frames = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(read_array(run(s__k=frames), "s", "k"), frames[1])
