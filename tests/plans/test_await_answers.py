import threading
from concurrent.futures import Future

import pytest

from stemline.plans.await_answers import await_answers


def later(future, result):
    threading.Timer(0.01, future.set_result, [result]).start()
    return future


def test_results_come_in_the_order_of_the_futures(engine):
    first, second = Future(), Future()
    later(first, "slow")
    second.set_result("done")
    plan = await_answers(first, second, timeout=5, doing="the test")
    assert engine(plan).plan_result == ["slow", "done"]


@pytest.mark.parametrize(("error", "kind"), [(ValueError("a\nb"), ValueError), (KeyError("a"), RuntimeError)])
def test_a_failure_is_raised_in_one_line_with_its_cause(engine, error, kind):
    future = Future()
    future.set_exception(error)
    with pytest.raises(kind, match="^the test failed: [^\n]*$") as raised:
        engine(await_answers(future, timeout=5, doing="the test"))
    assert raised.value.__cause__ is error


def test_a_cancelled_future_is_a_failure(engine):
    future = Future()
    future.cancel()
    with pytest.raises(RuntimeError, match="the test failed: CancelledError"):
        engine(await_answers(future, timeout=5, doing="the test"))


def test_an_answer_after_the_deadline_harms_nobody(engine):
    future = Future()
    with pytest.raises(TimeoutError, match="the test took longer than 0.01 s"):
        engine(await_answers(future, timeout=0.01, doing="the test"))
    future.set_result(None)
    assert engine.state == "idle"
