"""Forwarder and server, in processes of their own, are killed and stopped: every document arrives once."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from stemline.tiled_config.client import connect, disconnect
from stemline.tiled_config.error import CatalogError
from stemline.tiled_config.forwarder import ForwarderProcess
from stemline.tiled_config.forwarder.status import ForwarderStatus, forwarder_lives, last_status

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
slow = pytest.mark.slow


@contextmanager
def reading(bench: Any) -> Iterator[Any]:
    runs = connect(bench.server.uri, bench.server.api_key)
    yield runs
    disconnect(runs)


def assert_arrived(bench: Any, tools: Any, *of: Any) -> None:
    tools.until(lambda: all(bench.is_forwarded(run) for run in of))
    with reading(bench) as runs:
        for run in of:
            tools.assert_in_catalog(runs, run)


def status(bench: Any) -> ForwarderStatus:
    said = last_status(bench.journal)
    assert said is not None
    return said


def follows(bench: Any) -> bool:
    """Whether it has begun; its imports take seconds, in which there is nothing to kill."""
    said = last_status(bench.journal)
    return said is not None and said.pid == bench.forwarder.pid


@contextmanager
def measured(bench: Any, run: Any, period: float = 0.01) -> Iterator[None]:
    """Write the journal as a run does, in the background; it ends when the block does."""
    done = threading.Event()

    def measure() -> None:
        for line in range(len(run.lines) - 1):
            bench.write(run, line + 1, first=line)
            done.wait(period)

    thread = threading.Thread(target=measure)
    thread.start()
    yield
    done.set()
    thread.join()
    bench.write(run, first=-1)


def test_server_killed_in_a_run_and_started_again(bench: Any, tools: Any) -> None:
    run = tools.make_run(bench.folder / "frames", points=20)
    with bench.forwarder:
        with measured(bench, run):
            with reading(bench) as runs:
                tools.until(lambda: run.uid in runs)
            bench.kill_server()
            tools.until(lambda: status(bench).error)
            assert "no catalog at" in str(status(bench).error)
            assert status(bench).behind > 0
            bench.restart_server()
            with reading(bench) as runs:
                tools.until(lambda: "primary" in runs[run.uid])
        assert bench.forwarder.flush() is None
    assert_arrived(bench, tools, run)
    assert not list(bench.journal.glob("*.jsonl"))


@slow
@pytest.mark.parametrize("kills", [3, 20])
def test_forwarder_killed_at_random(kills: int, bench: Any, tools: Any) -> None:
    moments = random.Random(kills)
    run = tools.make_run(bench.folder / "frames", points=100)
    with measured(bench, run, period=0.1):
        for _ in range(kills):
            bench.forwarder.start()
            tools.until(lambda: follows(bench))
            time.sleep(moments.uniform(0.0, 0.6))
            bench.kill_forwarder()
            bench.forwarder.stop()
    bench.forwarder.start()
    assert bench.forwarder.flush() is None
    assert_arrived(bench, tools, run)


@slow
@pytest.mark.parametrize("seed", [1, 2])
def test_forwarder_killed_while_the_server_is_stopped(seed: int, bench: Any, tools: Any) -> None:
    """The server carries out a request later, of which the next forwarder knows nothing."""
    moments = random.Random(seed)
    run = tools.make_run(bench.folder / "frames", points=100)
    with measured(bench, run, period=0.1):
        for _ in range(4):
            bench.forwarder.start()
            tools.until(lambda: follows(bench))
            time.sleep(moments.uniform(0.0, 1.0))
            server = bench.server.pid
            tools.send(server, signal.SIGSTOP)
            time.sleep(0.2)
            bench.kill_forwarder()
            bench.forwarder.stop()
            bench.forwarder.start()
            time.sleep(moments.uniform(0.0, 4.0))
            tools.send(server, signal.SIGCONT)
            time.sleep(0.2)
            bench.kill_forwarder()
            bench.forwarder.stop()
    bench.forwarder.start()
    assert bench.forwarder.flush() is None
    assert_arrived(bench, tools, run)


@slow
def test_stopped_server_is_waited_for(bench: Any, tools: Any) -> None:
    run = tools.make_run(bench.folder / "frames", points=40)
    with bench.forwarder:
        with measured(bench, run):
            with reading(bench) as runs:
                tools.until(lambda: run.uid in runs)
            tools.send(bench.server.pid, signal.SIGSTOP)
            # Longer than Tiled's client waits for an answer by itself.
            tools.until(lambda: "has not answered for 1" in str(status(bench).error))
            tools.send(bench.server.pid, signal.SIGCONT)
        assert bench.forwarder.flush() is None
        assert_arrived(bench, tools, run)
        tools.until(lambda: status(bench).error is None)


@slow
def test_a_run_that_the_catalog_never_takes_keeps_no_other_from_it(bench: Any, tools: Any) -> None:
    bad, good = (tools.make_run(bench.folder / "frames", points=4) for _ in range(2))
    bad.documents = [(name, doc) for name, doc in bad.documents if name != "descriptor"]
    bench.write(bad)
    bench.write(good)
    with bench.forwarder:
        tools.until(lambda: bench.is_forwarded(good))
        report = bench.forwarder.flush(20)
        assert report is not None
        assert bad.uid in report
        assert good.uid not in report
        assert list(status(bench).set_aside) == [bad.uid]
        assert status(bench).behind > 0
    assert_arrived(bench, tools, good)


@slow
def test_once_and_again(bench: Any, tools: Any) -> None:
    """A journal that is moved back is forwarded again, and nothing is there twice."""
    several = [tools.make_run(bench.folder / "frames", points=points) for points in (3, 30, 5)]
    for run in several:
        bench.write(run)
    for _ in range(2):
        with ForwarderProcess(bench.journal, bench.server.uri, bench.server.api_key, once=True) as once:
            assert once.wait() == 0
        assert_arrived(bench, tools, *several)
        for run in several:
            (bench.journal / "forwarded" / f"{run.uid}.jsonl").rename(bench.journal / f"{run.uid}.jsonl")
    assert not forwarder_lives(bench.journal)


@slow
def test_one_forwarder_a_folder(bench: Any, tools: Any) -> None:
    with bench.forwarder:
        assert forwarder_lives(bench.journal)
        with pytest.raises(CatalogError, match="already forwarded") as refusal:
            ForwarderProcess(bench.journal, bench.server.uri, bench.server.api_key).start()
        assert str(bench.forwarder.pid) in str(refusal.value)
    tools.until(lambda: not forwarder_lives(bench.journal))


@slow
def test_it_ends_with_its_parent_and_keeps_the_key_to_itself(bench: Any, tools: Any) -> None:
    program = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from stemline.tiled_config.forwarder import ForwarderProcess\n"
        "folder, uri, key = json.loads(sys.stdin.readline())\n"
        "print(ForwarderProcess(Path(folder), uri, key).start().pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    told = [str(bench.journal), bench.server.uri, bench.server.api_key]
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(json.dumps(told) + "\n")
        parent.stdin.flush()
        pid = int(parent.stdout.readline())
        for told_to_all in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{told_to_all}", "rb") as file:
                assert bench.server.api_key.encode() not in file.read()
        tools.send(parent.pid, signal.SIGKILL)
    tools.until(lambda: not forwarder_lives(bench.journal))
    assert bench.server.api_key not in (bench.journal / "forwarder.log").read_text()
