from __future__ import annotations

import fcntl
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stemline.tiled_config.journal.file import (
    JournalError,
    claim,
    encode,
    is_written,
    journals,
    num_events,
    read,
)

LINES = [encode("event", {"seq_num": number, "data": {"x": number / 2}}) for number in range(1, 6)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"".join(LINES))
    return path


def test_a_line_is_one_document_that_a_person_can_read() -> None:
    assert encode("stop", {"reason": "two\nlines, 5 µm"}) == (
        b'{"name": "stop", "doc": {"reason": "two\\nlines, 5 \\u00b5m"}}\n'
    )


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 0.1, 1e300, 5e-324, -0.0, 2**70, True, None, "µ\0"]
)
def test_values_come_back_as_they_were(tmp_path: Path, value: object) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(encode("event", {"data": {"x": value}}))
    ((_, doc),) = read(path)[0]
    assert repr(doc["data"]["x"]) == repr(value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.arange(6).reshape(2, 3), [[0, 1, 2], [3, 4, 5]]),
        (np.array(["a"]), ["a"]),
        ((1, 2), [1, 2]),
    ],
)
def test_arrays_become_lists(value: object, plain: object) -> None:
    assert json.loads(encode("event", {"x": value}))["doc"]["x"] == plain


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", 1j, np.array(1j), object()])
def test_what_json_does_not_have_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="nothing that JSON has"):
        encode("event", {"x": value})


def test_reading_goes_on_where_it_ended(path: Path) -> None:
    documents, offset = read(path, limit=1)
    assert [doc["seq_num"] for _, doc in documents] == [1]
    documents, offset = read(path, offset, limit=len(LINES[1]) + 1)
    assert [doc["seq_num"] for _, doc in documents] == [2, 3]
    documents, offset = read(path, offset)
    assert [doc["seq_num"] for _, doc in documents] == [4, 5]
    assert read(path, offset) == ([], path.stat().st_size)
    with path.open("ab") as file:
        file.write(LINES[0])
    assert len(read(path, offset)[0]) == 1


@pytest.mark.parametrize(
    "torn", [b'{"name": "ev', b"\0" * 5000, b'{"name": "e\0\0\0\0', b"\0\0\0}}\n", b"{}\n", b"\n"]
)
def test_a_torn_last_line_is_no_document(path: Path, torn: bytes) -> None:
    whole = read(path)
    with path.open("ab") as file:
        file.write(torn)
    assert read(path) == whole
    with path.open("ab") as file:
        file.write(b"\0" * 100)
    assert read(path) == whole


@pytest.mark.parametrize(
    "bad", [b"\0\0\0\n", b'{"name": "event"}\n', b"[1, 2]\n", b'{"name": 1, "doc": {}}\n', b"\xff\n"]
)
@pytest.mark.parametrize("offset", [0, len(LINES[0])])
def test_a_bad_line_in_the_middle_is_named(tmp_path: Path, bad: bytes, offset: int) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(LINES[0] + LINES[1] + bad + LINES[2])
    with pytest.raises(JournalError, match=r"run\.jsonl, line 3, is no document") as caught:
        read(path, offset)
    assert "\n" not in str(caught.value)


def test_journals_are_listed_the_latest_last(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.jsonl.new", "forwarder.json"):
        (tmp_path / name).touch()
    import os

    os.utime(tmp_path / "b.jsonl", ns=(1, 1))
    assert [path.name for path in journals(tmp_path)] == ["b.jsonl", "a.jsonl"]
    assert journals(tmp_path / "nowhere") == []


def test_the_lock_tells_whether_somebody_measures(path: Path) -> None:
    assert not is_written(path)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert is_written(path)
        with claim(path) as claimed:
            assert claimed is None
    assert not is_written(path)
    with claim(path) as claimed:
        assert claimed is not None
        assert is_written(path)


def test_asking_makes_no_file(tmp_path: Path) -> None:
    assert not is_written(tmp_path / "run.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_others_who_only_ask_do_not_count_as_measuring(path: Path) -> None:
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not is_written(path)


def test_events_are_counted_by_stream() -> None:
    def event(descriptor: str, number: int) -> tuple[str, dict[str, object]]:
        return "event", {"descriptor": descriptor, "seq_num": number}

    documents = [
        ("start", {"uid": "r"}),
        ("descriptor", {"uid": "d1", "name": "primary"}),
        event("d1", 1),
        event("d1", 2),
        ("descriptor", {"uid": "d2", "name": "primary"}),  # configured anew in the run
        event("d2", 3),
        event("d2", 2),  # taken again after a pause
        event("d2", 3),
        ("descriptor", {"uid": "d3", "name": "survey"}),
        ("descriptor", {"uid": "d4", "name": "fly"}),
        ("stream_datum", {"descriptor": "d4", "seq_nums": {"start": 1, "stop": 33}}),
        ("stream_datum", {"descriptor": "d2", "seq_nums": {"start": 4, "stop": 5}}),  # its event never came
        ("descriptor", {"uid": "d5", "name": "pages"}),
        ("event_page", {"descriptor": "d5", "seq_num": [1, 2, 3, 4]}),
    ]
    assert num_events(documents) == {"primary": 3, "survey": 0, "fly": 32, "pages": 4}


def test_reading_loads_no_bluesky() -> None:
    code = "import stemline.tiled_config.journal.file, sys; print({'bluesky', 'tiled'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_brackets_without_end_are_no_document(tmp_path: Path) -> None:
    path = tmp_path / "u.jsonl"
    path.write_bytes(b"[" * 200_000 + b"\n")
    assert read(path) == ([], 0)


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "u.jsonl").mkdir()
    assert journals(tmp_path) == []
