"""Pause, resume, abort, failures: what the documents say and what the beam and the agent are told."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from bluesky.utils import RunEngineInterrupted

from stemline.devices.decision import Decision
from stemline.plans.adaptive_spectroscopy import adaptive_spectroscopy

NUM_POINTS = 6


def plan_of(microscope, records, scalarise, make, **changes):
    options = {"num_points": NUM_POINTS, "dwell_time": 0.1, "candidate_grid": (6, 8), **changes}
    return adaptive_spectroscopy(microscope, records, scalarise, make, **options)


def check_complete(engine, microscope, agent, exposures=NUM_POINTS):
    """Every point once, in order, under its own number; nothing was suggested or told twice."""
    documents = engine.documents
    for stream, expected in (
        ("primary", NUM_POINTS),
        ("decisions", NUM_POINTS + 1),
        ("prediction", 1),
        ("survey", 1),
    ):
        assert [event["seq_num"] for event in documents.raw_events(stream)] == list(range(1, expected + 1))
    assert len({event["uid"] for event in documents.of("event")}) == len(documents.of("event"))
    assert [point["_id"] for point in agent.ingested] == list(range(NUM_POINTS))
    assert [event["decision_id"] for event in documents.events("decisions")] == [
        *range(NUM_POINTS),
        -1,
    ]
    assert len(agent.calls["suggest"]) == NUM_POINTS
    assert len([doc["name"] for doc in documents.of("descriptor")]) == 4
    assert documents.of("stop")[0]["exit_status"] == "success"
    assert documents.of("stop")[0]["num_events"]["primary"] == NUM_POINTS
    assert microscope.eels.exposures == exposures
    for decision, point in zip(documents.events("decisions"), documents.events("primary"), strict=False):
        assert (decision["decision_y"], decision["decision_x"]) == (point["scanner_y"], point["scanner_x"])
        assert point["scalar_value"] == pytest.approx(
            microscope.truth(point["scanner_y"], point["scanner_x"])
        )


def pause_at(engine, offset, seen):
    """Pause, hard, at message `offset` from the first point's `save` on; `seen` gets the commands."""
    saves = 0

    def hook(message):
        nonlocal saves
        saves += message.command == "save"  # of the survey, a decision, the first point
        if saves >= 3:
            seen.append(message.command)
            if len(seen) == offset + 1:
                # As `request_pause` from another thread, but sure to act when this message is done.
                asyncio.run_coroutine_threadsafe(engine._request_pause_coro(), engine.loop)

    engine.msg_hook = hook


def run_to_pause(engine, plan):
    with pytest.raises(RunEngineInterrupted):
        engine(plan)
    assert engine.state == "paused"


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


MESSAGES = 39  # of a point: from its predecessor's `save` to its own


@pytest.mark.parametrize("offset", range(MESSAGES))
def test_a_pause_at_any_message_of_a_point_changes_nothing(
    engine, microscope, records, scalarise, agents, offset
):
    seen = []
    pause_at(engine, offset, seen)
    run_to_pause(engine, plan_of(microscope, records, scalarise, agents()))
    engine.resume()
    at = seen[offset]
    # Between the end of an exposure and the checkpoint after it nobody can know that it was over.
    again = at in ("trigger", "wait") and microscope.eels.exposures == NUM_POINTS + 1
    check_complete(engine, microscope, agents.made[0], NUM_POINTS + again)
    if offset == MESSAGES - 1:
        assert at == "save"


def test_a_pause_during_an_exposure_repeats_it_and_records_it_once(
    engine, microscope, records, scalarise, agents
):
    microscope.eels.hold = threading.Event()

    def pause_and_release():
        wait_until(lambda: engine.state == "running" and microscope.eels.started == 1)
        engine.request_pause()
        microscope.eels.hold.set()

    thread = threading.Thread(target=pause_and_release)
    thread.start()
    run_to_pause(engine, plan_of(microscope, records, scalarise, agents()))
    thread.join()
    engine.resume()
    check_complete(engine, microscope, agents.made[0], NUM_POINTS + 1)
    resources = {doc["uid"]: doc["data_key"] for doc in engine.documents.of("stream_resource")}
    frames = [
        doc["indices"]
        for doc in engine.documents.of("stream_datum")
        if resources[doc["stream_resource"]].startswith("eels")
    ]
    assert frames == [{"start": k + 1, "stop": k + 2} for k in range(NUM_POINTS)]


def test_a_pause_while_the_agent_thinks_asks_it_once(engine, microscope, records, scalarise, agents):
    thinking = threading.Event()
    make = agents(hold_at={"suggest": thinking})

    def pause():
        wait_until(lambda: agents.made and len(agents.made[0].calls["suggest"]) == 3)
        engine.request_pause()
        thinking.set()

    thread = threading.Thread(target=pause)
    thread.start()
    run_to_pause(engine, plan_of(microscope, records, scalarise, make))
    thread.join()
    engine.resume()
    check_complete(engine, microscope, agents.made[0])


def test_a_deferred_pause_comes_between_points(engine, microscope, records, scalarise, agents):
    def hook(message):
        if message.command == "trigger" and microscope.eels.exposures == 2:
            engine.msg_hook = None
            threading.Thread(target=engine.request_pause, args=(True,), daemon=True).start()

    engine.msg_hook = hook
    run_to_pause(engine, plan_of(microscope, records, scalarise, agents()))
    engine.resume()
    check_complete(engine, microscope, agents.made[0])


def test_a_slow_agent_does_not_block_the_event_loop(engine, microscope, records, scalarise, agents):
    thinking = threading.Event()
    ticks = 0

    async def tick():
        nonlocal ticks
        for _ in range(20):
            await asyncio.sleep(0.001)
            ticks += 1
        thinking.set()

    def heartbeat():
        wait_until(lambda: agents.made and len(agents.made[0].calls["suggest"]) == 3)
        asyncio.run_coroutine_threadsafe(tick(), engine.loop).result(10)

    thread = threading.Thread(target=heartbeat)
    thread.start()
    engine(plan_of(microscope, records, scalarise, agents(hold_at={"suggest": thinking})))
    thread.join()
    assert ticks == 20
    check_complete(engine, microscope, agents.made[0])


def test_an_abort_blanks_and_closes_the_run_with_its_reason(engine, microscope, records, scalarise, agents):
    pause_at(engine, 10, [])
    run_to_pause(engine, plan_of(microscope, records, scalarise, agents()))
    engine.abort("specimen drifts")
    (stop,) = engine.documents.of("stop")
    assert (stop["exit_status"], stop["reason"]) == ("abort", "specimen drifts")
    assert microscope.blanked == 1
    assert agents.made[0].closed.wait(5)
    assert engine.state == "idle"


def test_an_abort_during_an_exposure_keeps_its_reason(engine, microscope, records, scalarise, agents):
    microscope.eels.hold = threading.Event()

    def pause():
        wait_until(lambda: engine.state == "running" and microscope.eels.started == 1)
        engine.request_pause()

    thread = threading.Thread(target=pause)
    thread.start()
    run_to_pause(engine, plan_of(microscope, records, scalarise, agents()))
    thread.join()
    engine.abort("specimen drifts")
    microscope.eels.hold.set()
    (stop,) = engine.documents.of("stop")
    assert (stop["exit_status"], stop["reason"]) == ("abort", "specimen drifts")
    assert microscope.blanked == 1
    assert microscope.eels.running.done


def test_files_are_closed_before_the_stop_document(engine, microscope, records, scalarise, agents):
    order = []
    engine.msg_hook = lambda message: order.append((message.command, message.obj))
    engine.subscribe(lambda name, doc: order.append((name, None)), "stop")
    engine(plan_of(microscope, records, scalarise, agents()))
    stop = order.index(("stop", None))
    assert order.index(("unstage", microscope.haadf)) < order.index(("trigger", microscope.eels))
    assert order.index(("unstage", microscope.eels)) < stop


def test_a_stop_blanks_and_keeps_what_was_measured(engine, microscope, records, scalarise, agents):
    pause_at(engine, 10, [])
    run_to_pause(engine, plan_of(microscope, records, scalarise, agents()))
    engine.stop()
    (stop,) = engine.documents.of("stop")
    assert (stop["exit_status"], stop["reason"]) == ("success", "stopped before its end")
    assert stop["num_events"]["primary"] == 1 < engine.documents.of("start")[0]["num_points"]
    assert microscope.blanked == 1
    assert agents.made[0].closed.wait(5)


def test_a_halt_still_ends_the_agent(engine, microscope, records, scalarise, agents):
    pause_at(engine, 10, [])
    run_to_pause(engine, plan_of(microscope, records, scalarise, agents()))
    engine.halt()
    assert agents.made[0].closed.wait(5)


@pytest.mark.parametrize("method", ["suggest", "should_stop", "ingest"])
def test_an_agent_that_fails_ends_the_run_with_its_reason(
    engine, microscope, records, scalarise, agents, method
):
    make = agents(fail_at={method: ArithmeticError("singular matrix\ndetails")})
    with pytest.raises(RuntimeError, match="failed: ArithmeticError: singular matrix$"):
        engine(plan_of(microscope, records, scalarise, make))
    (stop,) = engine.documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert stop["reason"].startswith("the agent's ")
    assert "\n" not in stop["reason"]
    assert microscope.blanked == 1
    assert agents.made[0].closed.wait(5)


def test_an_agent_that_hangs_is_given_up_in_time(engine, microscope, records, scalarise, agents):
    make = agents(hold_at={"suggest": threading.Event()})
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="the agent's suggest took longer than 0.1 s"):
        engine(plan_of(microscope, records, scalarise, make, suggest_timeout=0.1))
    assert time.monotonic() - begin < 5
    assert "took longer" in engine.documents.of("stop")[0]["reason"]
    assert agents.made[0].closed.wait(5)


def test_an_agent_that_cannot_start_fails_the_run(engine, microscope, records, scalarise):
    def broken(_):
        raise OSError("no memory")

    with pytest.raises(RuntimeError, match="starting the agent failed: OSError: no memory"):
        engine(plan_of(microscope, records, scalarise, broken))
    assert engine.documents.of("stop")[0]["exit_status"] == "fail"


def test_a_suggestion_without_position_is_refused(engine, microscope, records, scalarise, agents):
    make = agents()

    def lost(candidates):
        agent = make(candidates)
        agent.suggest = lambda num_points=None: [{"_id": 0}]
        return agent

    with pytest.raises(
        RuntimeError, match=r"suggested \{'_id': 0\}: scanner_y and scanner_x \[nm\] are needed"
    ):
        engine(plan_of(microscope, records, scalarise, lost))


def test_a_refused_exposure_fails_the_run_with_what_the_detector_said(
    engine, microscope, records, scalarise, agents
):
    microscope.eels.error = RuntimeError("1e6 electrons would pass the budget of 9e5: raise it, or stop")
    with pytest.raises(RuntimeError, match="^eels: 1e6 electrons would pass the budget"):
        engine(plan_of(microscope, records, scalarise, agents()))
    (stop,) = engine.documents.of("stop")
    assert stop["exit_status"] == "fail"
    assert stop["reason"].startswith("eels: 1e6 electrons would pass the budget")
    assert microscope.blanked == 1


def test_the_engine_can_rewind_again_after_a_failure(engine, microscope, records, scalarise, agents):
    broken = replace(records, decision=Unreadable(name="decision"))
    with pytest.raises(RuntimeError, match="can't be read"):
        engine(plan_of(microscope, broken, scalarise, agents()))
    assert engine.rewindable


class Unreadable(Decision):
    def read(self):
        raise RuntimeError("can't be read")
