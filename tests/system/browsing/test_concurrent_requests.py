"""Several requests at a time to the embedded tables of events."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pyarrow as pa
import pytest

pytestmark = pytest.mark.system


def test_readers_disturb_neither_each_other_nor_a_writer(served: Any) -> None:
    schema = pa.schema([("n", pa.int64())])
    root = served.runs.new_variation()
    table = root.create_appendable_table(schema, key="appended")
    tables = [f"{served.uid}/survey/internal", f"{served.uid}/primary/internal", "appended"]
    table.append_partition(0, pa.table({"n": [0]}, schema=schema))

    def read(i: int) -> int:
        address = f"{served.uri}/table/full/runs/{tables[i % 3]}?format=application/json"
        answer = httpx.get(address, headers={"Authorization": f"Apikey {served.key}"}, timeout=30)
        return answer.status_code

    with ThreadPoolExecutor(4) as readers:
        codes = readers.map(read, range(60))
        for i in range(1, 20):
            table.append_partition(0, pa.table({"n": [i]}, schema=schema))
        assert set(codes) == {200}
    assert list(table.read()["n"]) == list(range(20))
    served.runs.delete_contents("appended", recursive=True, external_only=False)
