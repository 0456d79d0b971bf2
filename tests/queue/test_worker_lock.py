import os
import subprocess
import sys
from pathlib import Path

import pytest

from stemline.queue import worker_lock
from stemline.queue.worker_lock import hold_if_worker, is_held, lock_file

HOLD = """
import sys
from pathlib import Path
from stemline.queue.worker_lock import hold_if_worker
lock = hold_if_worker(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def worker(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        env={**os.environ, "_QSERVER_RE_WORKER_ACTIVE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_killed_worker_gives_the_lock_back(tmp_path, worker):
    assert is_held(tmp_path)
    assert lock_file(tmp_path).read_text() == f"process {worker.pid}\n"
    worker.kill()
    worker.wait()
    assert not is_held(tmp_path)


def test_a_second_worker_is_refused_in_one_line(tmp_path, worker, monkeypatch):
    monkeypatch.setenv("_QSERVER_RE_WORKER_ACTIVE", "1")
    monkeypatch.setattr(worker_lock, "CLOSING", 0.2)
    with pytest.raises(TimeoutError, match=f"another RE worker .process {worker.pid}."):
        hold_if_worker(tmp_path)


def test_a_prompt_takes_no_lock(tmp_path):
    assert hold_if_worker(tmp_path) is None
    assert not is_held(tmp_path)
    assert not lock_file(tmp_path).exists()
