"""`stemline bench` runs what is in benchmarks/."""

from __future__ import annotations

import pytest

from stemline.cli.bench import bench


def test_a_name_that_no_benchmark_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"contains 'luck'.*benchmarks\.agent\.bench_efficiency"):
        bench(only="luck")
