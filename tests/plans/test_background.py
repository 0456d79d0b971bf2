import threading

import pytest

from stemline.plans.await_answers import await_answers
from stemline.plans.background import in_background, with_proposer
from stemline.plans.in_order import InOrder


class Closing(InOrder):
    def __init__(self):
        super().__init__([[0.0, 0.0]], [0], "grid")
        self.closed = threading.Event()

    def close(self):
        self.closed.set()


def ask(proposer):
    return await_answers(proposer.submit("suggest"), timeout=5, doing="suggest")


def test_work_is_done_in_another_thread(engine):
    plan = in_background(threading.get_ident, timeout=5, doing="looking")
    assert engine(plan).plan_result not in (engine._th.ident, threading.get_ident())


def test_the_proposer_is_made_used_and_closed(engine):
    proposer = Closing()
    ((suggestion,),) = engine(with_proposer(lambda: proposer, ask, timeout=5)).plan_result
    assert suggestion["_id"] == 0
    assert proposer.closed.wait(5)


def test_a_proposer_that_is_made_too_late_is_closed(engine):
    proposer, made = Closing(), threading.Event()

    def make():
        made.wait(5)
        return proposer

    with pytest.raises(TimeoutError, match="starting the agent took longer"):
        engine(with_proposer(make, ask, timeout=0.01))
    assert not proposer.closed.is_set()
    made.set()
    assert proposer.closed.wait(5)


def test_a_plan_that_is_thrown_away_closes_the_proposer():
    proposer = Closing()
    plan = with_proposer(lambda: proposer, ask, timeout=5)
    next(plan)
    plan.close()
    assert proposer.closed.wait(5)
