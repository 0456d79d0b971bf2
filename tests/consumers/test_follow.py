from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from stemline.consumers.follow import follow


class GrowingRun:
    """A run in the catalog to which each look adds points, and the last one the stop document."""

    def __init__(self, *arriving: int, ends: bool = True) -> None:
        self.arriving, self.ends, self.points = list(arriving), ends, 0
        self.metadata: dict[str, Any] = {"start": {"uid": "u"}}

    def refresh(self) -> None:
        if self.arriving:
            self.points += self.arriving.pop(0)
        elif self.ends:
            self.metadata["stop"] = {}

    @property
    def base(self) -> dict[str, Any]:
        return {"primary/internal": self} if self.points else {}

    def read(self) -> pd.DataFrame:
        number = range(1, self.points + 1)
        columns = ("time", "scanner_y", "scanner_x", "scalar_value", "scalar_sigma", "scalar_flags")
        return pd.DataFrame({"seq_num": number, **{key: [float(n) for n in number] for key in columns}})


def test_each_point_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run: Any = GrowingRun(0, 2, 0, 1, 3)
    points = list(follow(run, poll=0.0))
    assert [point.number for point in points] == [1, 2, 3, 4, 5, 6]
    assert points[4].value == 5.0
    assert points[4].flags == 5


def test_gives_up_on_a_run_that_was_left_open() -> None:
    run: Any = GrowingRun(2, ends=False)
    points = follow(run, poll=0.0, timeout=0.0)
    assert [next(points).number, next(points).number] == [1, 2]
    with pytest.raises(TimeoutError, match="run u is open, but no point came for 0 s"):
        next(points)
