from __future__ import annotations

import errno
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import event_model
import numpy as np
import pytest

from stemline.tiled_config.journal import Journal
from stemline.tiled_config.journal import reserve as reserve_module
from stemline.tiled_config.journal.file import JournalError, is_written, journal_path, read
from stemline.tiled_config.journal.run_journal import STOP_ROOM, RunJournal
from stemline.tiled_config.journal.syncer import ThreadSyncer

RESERVE = 200_000


@pytest.fixture
def own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sync where a test can look on."""
    monkeypatch.setattr("stemline.tiled_config.journal.journal.make_syncer", ThreadSyncer)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal", reserve=RESERVE) as journal:
        yield journal


class Run:
    """Composes the documents of a run, and hands them to a journal."""

    def __init__(self, journal: Journal, **metadata: Any) -> None:
        self.journal, self.emitted = journal, list[tuple[str, dict[str, Any]]]()
        self._run = event_model.compose_run(metadata=metadata)
        self.uid = self._run.start_doc["uid"]
        self.path = journal_path(journal.folder, self.uid)

    def emit(self, name: str, doc: Any) -> None:
        self.journal(name, doc)
        self.emitted.append((name, doc))

    def begin(self, stream: str = "primary") -> Run:
        self.emit("start", self._run.start_doc)
        self.describe(stream)
        return self

    def describe(self, stream: str) -> None:
        keys = {"x": {"dtype": "number", "shape": [], "source": "test"}}
        self.bundle = self._run.compose_descriptor(name=stream, data_keys=keys)
        self.emit("descriptor", self.bundle.descriptor_doc)

    def event(self, x: Any = 1.5) -> None:
        # As the RunEngine has it: the event is counted before anybody sees it.
        self.emit("event", self.bundle.compose_event(data={"x": x}, timestamps={"x": 1.0}))

    def frames(self, count: int) -> None:
        frames = self._run.compose_stream_resource(
            mimetype="application/x-hdf5", uri="file://localhost/f.h5", data_key="f", parameters={}
        )
        self.emit("stream_resource", frames.stream_resource_doc)
        for i in range(count):
            datum = frames.compose_stream_datum(indices={"start": i, "stop": i + 1})
            datum["descriptor"] = self.bundle.descriptor_doc["uid"]
            self.emit("stream_datum", datum)

    def end(self) -> None:
        self.emit("stop", self._run.compose_stop())

    @property
    def kept(self) -> list[tuple[str, dict[str, Any]]]:
        return read(self.path)[0]


@pytest.fixture
def make_run(journal: Journal) -> Callable[..., Run]:
    return lambda **metadata: Run(journal, **metadata)


class Disk:
    """Says how much room a preallocation finds; None: as much as the disk has."""

    room: int | None = None

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._allocate = reserve_module._allocate
        monkeypatch.setattr(reserve_module, "_allocate", self.allocate)
        monkeypatch.setattr(reserve_module, "STEP", 10_000)

    def allocate(self, descriptor: int, offset: int, length: int) -> None:
        if self.room is not None and length > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._allocate(descriptor, offset, length)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_every_document_is_in_the_file_when_the_call_returns(make_run: Callable[..., Run]) -> None:
    run = make_run(sample="Au").begin()
    assert run.kept == run.emitted
    for _ in range(3):
        run.event()
        assert run.kept == run.emitted
    run.frames(3)
    run.end()
    assert run.kept == run.emitted
    assert run.path.read_bytes().count(b"\n") == len(run.emitted) == 10


def test_what_is_changed_later_stays_as_it_was(make_run: Callable[..., Run]) -> None:
    run = make_run().begin()
    values = np.zeros(3)
    run.event(values)
    values[:] = 7
    run.emitted[-1][1]["data"]["x"] = "changed"
    assert run.kept[-1][1]["data"]["x"] == [0.0, 0.0, 0.0]


def test_runs_that_are_open_at_the_same_time_have_a_file_each(make_run: Callable[..., Run]) -> None:
    outer, inner = make_run().begin(), make_run().begin()
    outer.event()
    inner.frames(2)
    inner.describe("late")
    outer.frames(1)
    inner.event()
    inner.end()
    outer.event()
    outer.end()
    assert outer.kept == outer.emitted
    assert inner.kept == inner.emitted


def test_legacy_references_to_files_are_kept(journal: Journal, make_run: Callable[..., Run]) -> None:
    run = make_run().begin()
    run.emit("resource", {"uid": "r", "run_start": run.uid, "spec": "", "root": "", "resource_path": ""})
    run.emit("datum", {"datum_id": "r/0", "resource": "r", "datum_kwargs": {}})
    assert run.kept == run.emitted


def test_a_document_of_an_unknown_run_is_not_dropped_silently(journal: Journal) -> None:
    with pytest.raises(JournalError, match="event document of a run that the journal has not seen begin"):
        journal("event", {"descriptor": "d"})


def test_the_lock_is_held_from_the_first_byte_to_the_stop(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, published = make_run(), []
    rename = Path.rename

    def look(path: Path, target: Path) -> Path:
        published.append((is_written(path), len(read(path)[0])))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", look)
    run.begin()
    assert published == [(True, 1)]
    assert is_written(run.path)
    run.end()
    assert not is_written(run.path)


def test_a_forked_child_holds_no_lock(make_run: Callable[..., Run], journal: Journal) -> None:
    run = make_run().begin()
    told, tell = os.pipe()
    wait, go = os.pipe()
    if (child := os.fork()) == 0:
        os.write(tell, str(len(journal._runs)).encode())
        os.read(wait, 1)
        os._exit(0)
    try:
        assert os.read(told, 9) == b"0"
        journal.close()
        assert not is_written(run.path)
    finally:
        os.write(go, b".")
        os.waitpid(child, 0)
        for descriptor in (told, tell, wait, go):
            os.close(descriptor)


def test_only_the_owner_may_read_it(make_run: Callable[..., Run]) -> None:
    assert stat.S_IMODE(make_run().begin().path.stat().st_mode) == 0o600


def test_the_reserve_is_there_and_unseen_and_given_back(make_run: Callable[..., Run]) -> None:
    run = make_run().begin()
    about = run.path.stat()
    assert about.st_size == len(run.path.read_bytes()) < 2000
    if about.st_blocks * 512 < RESERVE:
        pytest.skip("the file system of the temporary folder preallocates nothing")
    run.end()
    assert run.path.stat().st_blocks * 512 < RESERVE / 10
    assert run.kept == run.emitted


def test_the_reserve_stays_whole_as_the_file_grows(make_run: Callable[..., Run]) -> None:
    run = make_run().begin()
    for _ in range(40):
        run.event("x" * 50_000)
        about = run.path.stat()
        assert about.st_blocks * 512 >= about.st_size + RESERVE


def test_a_full_disk_fails_the_run_once_and_keeps_all_of_it(make_run: Callable[..., Run], disk: Disk) -> None:
    run = make_run().begin()
    disk.room = 0
    events, message = 0, ""
    while not message:
        events += 1
        try:
            run.event("x" * 5000)
        except JournalError as error:
            message = str(error)
    assert message.startswith(f"disk full: {run.path} has no room")
    assert "\n" not in message
    run.describe("cleanup")
    run.event()
    run.end()
    names = [name for name, _ in run.kept]
    assert names == ["start", "descriptor"] + events * ["event"] + ["descriptor", "event", "stop"]
    assert run.kept[-1][1]["num_events"] == {"primary": events, "cleanup": 1}
    assert not is_written(run.path)


def test_the_stop_document_has_room_that_others_may_not_take(
    make_run: Callable[..., Run], disk: Disk
) -> None:
    run = make_run().begin()
    disk.room = 0
    kept = failures = 0
    # A plan that swallows every error.
    for _ in range(1000):
        try:
            run.event("x" * 5000)
            kept += 1
        except JournalError:
            failures += 1
    assert failures > 500
    run.end()
    assert run.path.stat().st_size > RESERVE - STOP_ROOM - 6000
    # One of the failures was the warning at an event that was kept.
    assert run.kept[-1][0] == "stop"
    assert run.kept[-1][1]["num_events"] == {"primary": kept + 1}


def test_a_document_too_large_for_a_full_disk_is_left_out_whole(
    make_run: Callable[..., Run], disk: Disk
) -> None:
    run = make_run().begin()
    run.event()
    disk.room = 0
    with pytest.raises(JournalError, match="disk full"):
        run.event(list(range(500_000)))
    run.end()
    assert [name for name, _ in run.kept] == ["start", "descriptor", "event", "stop"]
    assert run.kept[-1][1]["num_events"] == {"primary": 1}
    assert run.emitted[-1][1]["num_events"] == {"primary": 2}


def test_a_frame_is_not_kept_without_its_event(make_run: Callable[..., Run], disk: Disk) -> None:
    run = make_run().begin()
    for _ in range(1000):
        disk.room = 0
        run.frames(1)
        try:
            run.event("x" * 5000)
        except JournalError:
            break
    names = [name for name, _ in run.kept]
    assert names.count("event") == names.count("stream_datum") < 1000


def test_a_fly_scan_learns_of_a_full_disk_too(make_run: Callable[..., Run], disk: Disk) -> None:
    run = make_run().begin()
    disk.room = 0
    with pytest.raises(JournalError, match="disk full"):
        run.frames(10_000)


def test_a_torn_line_is_cut_off(make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run().begin()
    pwrite = os.pwrite
    answers = iter([7, OSError(errno.EIO, "Input/output error")])

    def short(descriptor: int, data: bytes, offset: int) -> int:
        answer = next(answers, None)
        if isinstance(answer, OSError):
            raise answer
        return pwrite(descriptor, data if answer is None else data[:answer], offset)

    monkeypatch.setattr(os, "pwrite", short)
    with pytest.raises(JournalError, match=r"can't be written \(Input/output error\)"):
        run.event()
    assert run.path.read_bytes().endswith(b"}}\n")
    run.event()
    run.end()
    assert [doc["seq_num"] for name, doc in run.kept if name == "event"] == [2]


def test_short_writes_are_completed(make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: pwrite(descriptor, data[:7], offset))
    run = make_run().begin()
    run.event()
    run.end()
    assert run.kept == run.emitted


@pytest.mark.usefixtures("own_thread")
def test_a_failing_sync_fails_the_run_at_its_next_document(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = make_run().begin(), make_run().begin()

    def fail(_: RunJournal) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(RunJournal, "sync", fail)
        run.event()
        run.journal._syncer.wait()
    other.event()
    with pytest.raises(JournalError, match="check its disk"):
        run.event()
    run.end()
    assert run.kept[-1][1]["num_events"] == {"primary": 2}
    other.end()


@pytest.mark.usefixtures("own_thread")
def test_an_event_waits_for_the_one_before_to_be_on_the_disk(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run().begin()
    asked, go, taken = threading.Event(), threading.Event(), threading.Event()

    def sync(journal: RunJournal) -> None:
        asked.set()
        assert go.wait(10)

    def two_points() -> None:
        run.event()  # its sync hangs, and it does not wait
        run.frames(1)  # nor does what comes with the next event
        asked.wait(10)
        run.event()
        taken.set()

    monkeypatch.setattr(RunJournal, "sync", sync)
    thread = threading.Thread(target=two_points)
    thread.start()
    assert asked.wait(10)
    assert not taken.wait(0.1)
    names = [name for name, _ in run.kept]
    assert (names.count("event"), names.count("stream_datum")) == (1, 1)
    go.set()
    thread.join(10)
    assert [name for name, _ in run.kept].count("event") == 2


@pytest.mark.usefixtures("own_thread")
def test_start_descriptor_and_stop_are_synced_before_the_call_returns(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    sync = os.fdatasync

    def count(descriptor: int) -> None:
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", count)
    run = make_run()
    run.emit("start", run._run.start_doc)
    assert synced[-1] == run.path.stat().st_size
    run.describe("primary")
    assert synced[-1] == run.path.stat().st_size
    run.event()
    run.end()
    assert synced[-1] == run.path.stat().st_size


@pytest.mark.usefixtures("own_thread")
def test_frames_of_a_fly_scan_are_synced_without_events(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run().begin()
    synced: list[RunJournal] = []
    monkeypatch.setattr(RunJournal, "sync", lambda journal: synced.append(journal))
    run.frames(10)
    run.journal._syncer.wait()
    assert len(synced) == 5


def test_a_run_is_refused_when_the_disk_can_not_hold_it(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    free = disk.f_bavail * disk.f_frsize
    with Journal(tmp_path, reserve=RESERVE, min_free=free // 2) as journal:
        run = Run(journal, num_points=free)
        with pytest.raises(
            JournalError, match=r"run refused by the journal: .* MB are needed: free space"
        ) as caught:
            run.begin()
        assert list(tmp_path.iterdir()) == []
        # The RunEngine goes on to close it.
        with pytest.raises(JournalError) as again:
            run.end()
        assert str(again.value) == str(caught.value)
        Run(journal, num_points=10).begin()


def test_a_run_is_refused_when_its_reserve_is_not_to_be_had(make_run: Callable[..., Run], disk: Disk) -> None:
    disk.room = RESERVE - 1
    run = make_run()
    with pytest.raises(JournalError, match=r"run refused by the journal: .* \(No space left on device\)"):
        run.begin()
    assert list(run.journal.folder.iterdir()) == []


def test_metadata_that_no_document_can_hold_refuse_the_run(make_run: Callable[..., Run]) -> None:
    run = make_run(folder=Path("x"))
    with pytest.raises(
        JournalError, match=r"refused by the journal: start document can't be kept \(PosixPath"
    ):
        run.begin()
    assert list(run.journal.folder.iterdir()) == []


def test_an_event_that_no_document_can_hold_is_not_counted(make_run: Callable[..., Run]) -> None:
    run = make_run().begin()
    run.event()
    with pytest.raises(JournalError, match="event document can't be kept"):
        run.event(1j)
    run.end()
    assert run.kept[-1][1]["num_events"] == {"primary": 1}


def test_two_journals_in_one_folder_do_not_mix(make_run: Callable[..., Run], journal: Journal) -> None:
    run = make_run().begin()
    with (
        Journal(journal.folder, reserve=RESERVE) as second,
        pytest.raises(JournalError, match=r"refused by the journal: .*can't be made \(File exists\)"),
    ):
        second("start", run._run.start_doc)
    run.event()
    assert run.kept == run.emitted


def test_where_nothing_can_be_preallocated_free_space_is_watched(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(reserve_module, "_allocate", refuse)
    run = make_run().begin()
    run.event()
    about = os.statvfs(run.path)
    full = os.statvfs_result((*about[:4], 3, *about[5:]))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstatvfs", lambda _: full)
        with pytest.raises(JournalError, match="disk full"):
            run.event()
        run.end()
    assert run.kept[-1][1]["num_events"] == {"primary": 2}


def test_a_monitor_in_another_thread_does_not_take_the_error_with_it(
    make_run: Callable[..., Run], disk: Disk
) -> None:
    run = make_run().begin()
    disk.room = 0
    failed: list[JournalError] = []

    def monitor() -> None:
        try:
            for _ in range(30):
                run.event("x" * 50_000)
        except JournalError as error:
            failed.append(error)

    thread = threading.Thread(target=monitor)
    thread.start()
    thread.join(10)
    assert len(failed) == 1
    with pytest.raises(JournalError, match="disk full"):
        run.event()


def test_a_folder_that_can_not_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"journal folder .*file/journal can't be made") as caught:
        Journal(tmp_path / "file" / "journal")
    assert "\n" not in str(caught.value)


def test_a_closed_journal_takes_nothing(journal: Journal, make_run: Callable[..., Run]) -> None:
    run = make_run().begin()
    journal.close()
    journal.close()
    assert not is_written(run.path)
    with pytest.raises(JournalError, match="is closed"):
        run.event()
    with pytest.raises(JournalError, match="is closed"):
        make_run().begin()


def test_lines_are_what_json_tools_read(make_run: Callable[..., Run]) -> None:
    run = make_run().begin()
    run.event(float("nan"))
    for line in run.path.read_text().splitlines():
        assert set(json.loads(line)) == {"name", "doc"}
