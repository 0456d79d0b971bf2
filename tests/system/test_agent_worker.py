"""The agent in its own process: the same answers, and no way to leave it or a caller hanging."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from stemline.agents.worker import AgentError, InlineProposer, WorkerProposer

pytestmark = pytest.mark.system

RNG = np.random.default_rng(1)
FEATURES = RNG.normal(size=(60, 4))
POSITIONS = RNG.uniform(-50, 50, size=(60, 2))
OPTIONS = {"num_seed": 4, "seed": 7}


@pytest.fixture
def worker():
    proposer = WorkerProposer(FEATURES, POSITIONS, OPTIONS)
    yield proposer
    proposer.close()


def gone(pid: int, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_answers_are_those_of_the_inline_agent(worker) -> None:
    inline = InlineProposer(FEATURES, POSITIONS, OPTIONS)
    for _ in range(7):
        (theirs,), (ours,) = (one.submit("suggest", 1).result(60) for one in (worker, inline))
        # Not to the last bit: the worker computes with one thread.
        assert theirs == {
            key: pytest.approx(it, rel=1e-9) if isinstance(it, float) else it for key, it in ours.items()
        }
        point = {
            **{k: ours[k] for k in ("_id", "scanner_y", "scanner_x")},
            "value": ours["scanner_x"],
            "sigma": 1.0,
        }
        for one in (worker, inline):
            one.submit("ingest", [point]).result(60)
    mean, sigma = worker.submit("predict").result(60)
    np.testing.assert_allclose(mean, inline.submit("predict").result()[0], rtol=1e-9)
    assert sigma.shape == (60,)
    assert worker.submit("checkpoint").result(60)["model_version"] == 4


def test_answers_come_in_the_order_of_the_calls(worker) -> None:
    futures = [worker.submit("suggest", 1) for _ in range(20)]
    assert [f.result(60)[0]["_id"] for f in futures] == list(range(20))


def test_errors_come_back_by_kind(worker) -> None:
    with pytest.raises(ValueError, match="give _id"):
        worker.submit("ingest", [{}]).result(60)
    with pytest.raises(AgentError, match="AttributeError"):
        worker.submit("guess").result(60)
    assert worker.submit("should_stop").result(60) == [False, None]


def test_bad_options_are_refused_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="num_points is 0"):
        WorkerProposer(FEATURES, POSITIONS, {"num_points": 0})


def test_a_killed_agent_fails_its_futures_and_all_later_ones(worker) -> None:
    os.kill(worker.pid, signal.SIGSTOP)
    waiting = worker.submit("suggest", 1)
    os.kill(worker.pid, signal.SIGKILL)
    for future in (waiting, worker.submit("suggest", 1)):
        with pytest.raises(AgentError, match=r"\(pid \d+\) was killed by SIGKILL") as caught:
            future.result(30)
        assert "\n" not in str(caught.value)


def test_closing_ends_what_it_is_doing(worker) -> None:
    os.kill(worker.pid, signal.SIGSTOP)  # as busy as can be
    waiting = worker.submit("suggest", 1)
    pid = worker.pid
    worker.close()
    with pytest.raises(AgentError, match="closed"):
        waiting.result(0)
    with pytest.raises(AgentError, match="closed"):
        worker.submit("suggest", 1).result(0)
    worker.close()
    assert gone(pid, within=5)


SCRIPT = """
import sys
import numpy as np
from stemline.agents.worker import WorkerProposer
agent = WorkerProposer(np.zeros((5, 1)), np.zeros((5, 2)), {})  # without a main guard
try:
    print(agent.pid, flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    print(len(agent.submit("suggest", 1).result(30)), flush=True)
sys.stdin.close()
agent.submit("suggest", 1).result(30)
import time; time.sleep(60)
"""


def test_ctrl_c_spares_it_and_its_parents_death_does_not() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.killpg(parent.pid, signal.SIGINT)  # what a terminal does
        assert parent.stdout.readline() == "1\n"
        parent.kill()
        assert gone(pid, within=10)
