from __future__ import annotations

import json

import numpy as np
import pandas as pd

from stemline.tiled_config.adapters.json_lines import json_lines


def test_each_line_is_a_row_that_a_browser_can_parse() -> None:
    table = pd.DataFrame({"seq_num": [1, 2], "value": [0.5, np.nan], "why": ["seed", ""]})
    text = b"".join(json_lines("application/json-seq", table, {})).decode()
    assert [json.loads(line) for line in text.splitlines()] == [
        {"seq_num": 1, "value": 0.5, "why": "seed"},
        {"seq_num": 2, "value": None, "why": ""},
    ]
    assert text[0] == "{"


def test_empty_table() -> None:
    assert b"".join(json_lines("application/json-seq", pd.DataFrame({"seq_num": []}), {})) == b""
