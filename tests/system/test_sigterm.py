"""SIGTERM ends a process that measures, in order."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.system

MEASURING = """
import json
from bluesky import RunEngine
from bluesky.plan_stubs import sleep
from bluesky.preprocessors import finalize_wrapper, run_wrapper
from stemline.plans.keep_reason import keep_reason
from stemline.sigterm import close_on_sigterm

def tell(*what):
    print(json.dumps(what), flush=True)

def blank():
    yield from sleep(0.2)
    tell("blanked")

engine = RunEngine({})
engine.preprocessors.append(keep_reason)
engine.subscribe(lambda name, doc: tell(name, doc.get("exit_status"), doc.get("reason")))
close_on_sigterm(engine, lambda: tell("closed", engine.state))
"""
RUNNING = "engine(run_wrapper(finalize_wrapper(sleep(60), blank)))"
IDLE = "tell('start')\nwhile True:\n    import time; time.sleep(1)"


@pytest.mark.parametrize(
    ("doing", "number", "expected"),
    [
        (RUNNING, signal.SIGTERM, [["blanked"], ["stop", "abort", "stopped by SIGTERM"], ["closed", "idle"]]),
        (IDLE, signal.SIGHUP, [["closed", "idle"]]),
    ],
)
def test_the_run_is_aborted_with_its_reason_before_the_session_is_closed(
    doing: str, number: signal.Signals, expected: list[list[str]]
) -> None:
    command = [sys.executable, "-c", MEASURING + doing]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())[0] == "start"
        process.send_signal(number)
        said = [json.loads(line) for line in process.stdout if line.startswith("[")]
    assert said == expected
    assert process.returncode == -number
