from __future__ import annotations

import errno
import fcntl
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import event_model
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemline.tiled_config.journal.file import SUFFIX, encode, is_written, read
from stemline.tiled_config.journal.recover import Recovered, recover, stop_document


def run_documents(points: int, **metadata: Any) -> list[tuple[str, dict[str, Any]]]:
    """All documents of a run with two streams, the stop document last."""
    run = event_model.compose_run(metadata=metadata, time=100.0)
    key = {"x": {"dtype": "number", "shape": [], "source": "test"}}
    survey = run.compose_descriptor(name="survey", data_keys=key, time=101.0)
    primary = run.compose_descriptor(name="primary", data_keys=key, time=102.0)
    documents = [("start", run.start_doc), ("descriptor", survey.descriptor_doc)]
    documents += [("event", survey.compose_event(data={"x": 0.5}, timestamps={"x": 1.0}, time=102.5))]
    documents += [("descriptor", primary.descriptor_doc)]
    for i in range(points):
        event = primary.compose_event(data={"x": i / 3}, timestamps={"x": 1.0}, time=103.0 + i)
        documents.append(("event", event))
    return [*documents, ("stop", run.compose_stop(time=999.0))]


DOCUMENTS = run_documents(6, num_points=60)
LINES = [encode(name, doc) for name, doc in DOCUMENTS]
UID = DOCUMENTS[0][1]["uid"]


def leave(folder: Path, content: bytes, uid: str = UID) -> Path:
    """Put a journal where its process left it."""
    path = folder / (uid + SUFFIX)
    path.write_bytes(content)
    return path


def test_a_run_without_a_stop_document_gets_one(tmp_path: Path) -> None:
    path = leave(tmp_path, b"".join(LINES[:-2]) + LINES[-2][:40])
    (closed,) = recover(tmp_path)
    documents, end = read(path)
    assert end == path.stat().st_size
    assert [encode(*document) for document in documents[:-1]] == LINES[:-2]
    name, stop = documents[-1]
    assert name == "stop"
    event_model.schema_validators[event_model.DocumentNames.stop].validate(stop)
    assert stop["run_start"] == UID
    assert stop["exit_status"] == "fail"
    assert stop["num_events"] == {"survey": 1, "primary": 5}
    assert stop["time"] == 107.0
    assert stop["reason"].startswith(
        "the process that measured this run ended without closing it (recovered 20"
    )
    assert stop["reason"].endswith("); it had taken 5 of 60 points")
    assert closed == Recovered(
        UID, path, "closed", f"run {UID}: closed as failed: {stop['reason']}", stop["num_events"]
    )


def test_closing_a_run_again_changes_nothing(tmp_path: Path) -> None:
    path = leave(tmp_path, b"".join(LINES[:-1]))
    recover(tmp_path)
    content = path.read_bytes()
    assert recover(tmp_path) == []
    assert path.read_bytes() == content


def test_a_run_that_ended_is_not_touched(tmp_path: Path) -> None:
    path = leave(tmp_path, b"".join(LINES))
    before = path.stat()
    assert recover(tmp_path) == []
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_run_that_is_measured_is_not_touched(tmp_path: Path) -> None:
    path = leave(tmp_path, b"".join(LINES[:-1]))
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert recover(tmp_path) == []
    assert path.read_bytes() == b"".join(LINES[:-1])


def test_without_a_number_of_points_the_reason_names_none() -> None:
    documents = run_documents(3)[:-1]
    now = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    assert stop_document(documents, now)["reason"] == (
        "the process that measured this run ended without closing it "
        "(recovered 2026-11-22T18:30:00+00:00); it had taken 3 points"
    )
    assert stop_document(documents[:1], now)["time"] == 100.0
    assert stop_document(documents[:1], now)["num_events"] == {}


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, LINES[0][:-20], LINES[0][:-1], LINES[1] + LINES[2]])
def test_a_file_without_a_start_document_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = leave(tmp_path, content)
    (found,) = recover(tmp_path)
    assert found.outcome == "set aside"
    assert found.path.read_bytes() == content
    assert str(found.path) in found.line
    assert not path.exists()
    assert recover(tmp_path) == []


def test_a_damaged_journal_is_left_and_does_not_keep_others_from_being_closed(tmp_path: Path) -> None:
    damaged = leave(tmp_path, LINES[0] + b"!\n" + LINES[1], "damaged")
    strange = leave(tmp_path, LINES[0] + LINES[2], "strange")  # an event without its descriptor
    os.utime(damaged, ns=(1, 1))
    os.utime(strange, ns=(2, 2))
    leave(tmp_path, b"".join(LINES[:3]))
    left, odd, closed = recover(tmp_path)
    assert (left.outcome, left.path) == ("left", damaged)
    assert "line 2, is no document" in left.line
    assert (odd.outcome, odd.path) == ("left", strange)
    assert closed.outcome == "closed"
    assert not any("\n" in found.line for found in (left, odd, closed))


def test_no_folder_has_nothing_to_recover(tmp_path: Path) -> None:
    assert recover(tmp_path / "journal") == []
    assert not (tmp_path / "journal").exists()


def test_many_at_once_write_one_stop_document(tmp_path: Path) -> None:
    path = leave(tmp_path, b"".join(LINES[:-1]))
    barrier = threading.Barrier(8)
    found: list[Recovered] = []

    def work() -> None:
        barrier.wait(10)
        found.extend(recover(tmp_path))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 1
    assert [name for name, _ in read(path)[0]].count("stop") == 1
    assert not is_written(path)


def test_a_disk_that_is_full_leaves_the_journal_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = leave(tmp_path, b"".join(LINES[:-1]) + b"torn")
    pwrite = os.pwrite
    answers = iter([9])

    def short(descriptor: int, data: bytes, offset: int) -> int:
        for length in answers:
            return pwrite(descriptor, data[:length], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", short)
        (found,) = recover(tmp_path)
    assert found.outcome == "left"
    assert "No space left on device" in found.line
    assert path.read_bytes() == b"".join(LINES[:-1])
    assert recover(tmp_path)[0].outcome == "closed"


@given(cut=st.integers(0, sum(map(len, LINES[:-1]))), zeros=st.integers(0, 5000), torn=st.binary(max_size=50))
def test_whatever_is_lost_at_the_end_the_journal_becomes_whole(
    tmp_path_factory: pytest.TempPathFactory, cut: int, zeros: int, torn: bytes
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    path = leave(folder, b"".join(LINES)[:cut] + torn.replace(b"\n", b"") + b"\0" * zeros)
    whole = 0
    while sum(map(len, LINES[: whole + 1])) <= cut:
        whole += 1
    (found,) = recover(folder)
    if whole == 0:
        assert found.outcome == "set aside"
        return
    content = path.read_bytes()
    assert content.startswith(b"".join(LINES[:whole]))
    documents, end = read(path)
    assert end == len(content)
    assert [name for name, _ in documents] == [name for name, _ in DOCUMENTS[:whole]] + ["stop"]
    assert recover(folder) == []


@given(cut=st.integers(1, sum(map(len, LINES))))
def test_cutting_a_recovered_journal_and_recovering_it_again_ends_well(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    path = leave(folder, b"".join(LINES[:-1]))
    recover(folder)
    with path.open("r+b") as file:
        file.truncate(cut)
    recover(folder)
    for found in folder.glob(f"*{SUFFIX}"):
        assert [name for name, _ in read(found)[0]].count("stop") == 1
