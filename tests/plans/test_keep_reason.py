import threading

import bluesky.plan_stubs as bps
import pytest
from bluesky.preprocessors import run_wrapper
from bluesky.utils import RunEngineInterrupted

from stemline.plans.keep_reason import keep_reason


@pytest.fixture
def stops(engine):
    engine.preprocessors.append(keep_reason)
    documents = []
    engine.subscribe(lambda _, doc: documents.append((doc["exit_status"], doc["reason"])), "stop")
    return documents


def test_an_abort_of_a_plan_of_blueskys_keeps_its_reason(engine, stops):
    timer = threading.Timer(0.1, engine.abort, ("the door was opened",))
    engine.subscribe(lambda *_: timer.start(), "start")
    with pytest.raises(RunEngineInterrupted):
        engine(run_wrapper(bps.sleep(30)))
    timer.join()
    assert stops == [("abort", "the door was opened")]


def test_a_failure_and_a_success_are_as_they_were(engine, stops):
    def failing():
        yield from bps.null()
        raise ValueError("no such grating")

    engine(run_wrapper(bps.null()))
    with pytest.raises(ValueError, match="no such grating"):
        engine(run_wrapper(failing()))
    assert stops == [("success", ""), ("fail", "no such grating")]
