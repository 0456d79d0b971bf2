"""A process that is killed, stopped or forked while it measures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stemline.tiled_config.journal.file import is_written, journal_path, read
from stemline.tiled_config.journal.recover import recover

pytestmark = pytest.mark.system
Measuring = subprocess.Popen[str]


def line(process: Measuring) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("points", [1, 20, 300])
def test_killing_the_process_loses_no_event(
    tmp_path: Path, measure: Callable[[], Measuring], points: int
) -> None:
    process = measure()
    path = journal_path(tmp_path / "journal", line(process))
    while (said := int(line(process))) < points:
        pass
    assert is_written(path)
    process.kill()
    assert process.stdout is not None
    said = max([said, *map(int, process.stdout.read().split())])
    process.wait()

    assert not is_written(path)
    for whole in path.read_bytes().splitlines(keepends=True):
        if whole.endswith(b"\n"):
            json.loads(whole)
    numbers = [doc["seq_num"] for name, doc in read(path)[0] if name == "event"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= said

    (closed,) = recover(tmp_path / "journal")
    assert closed.num_events == {"primary": len(numbers)}
    assert f"it had taken {len(numbers)} of 1000000 points" in closed.line
    documents, end = read(path)
    assert end == path.stat().st_size
    assert documents[-1][1]["exit_status"] == "fail"
    # The reserve of the dead process is given back.
    assert path.stat().st_blocks * 512 < path.stat().st_size + 100_000


def test_a_stopped_process_counts_as_alive(tmp_path: Path, measure: Callable[[], Measuring]) -> None:
    process = measure()
    path = journal_path(tmp_path / "journal", line(process))
    said = int(line(process))
    os.kill(process.pid, signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    assert is_written(path)
    assert recover(tmp_path / "journal") == []
    os.kill(process.pid, signal.SIGCONT)
    while int(line(process)) < said + 100:
        pass
    process.kill()
    process.wait()
    assert len(recover(tmp_path / "journal")) == 1


def test_one_of_two_processes_that_share_a_folder_is_recovered_while_the_other_measures(
    tmp_path: Path, measure: Callable[[], Measuring]
) -> None:
    dead, alive = measure(), measure()
    paths = [journal_path(tmp_path / "journal", line(process)) for process in (dead, alive)]
    dead.kill()
    dead.wait()
    assert [found.path for found in recover(tmp_path / "journal")] == paths[:1]
    assert [is_written(path) for path in paths] == [False, True]
