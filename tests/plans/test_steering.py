import threading

import pytest

from stemline.plans.adaptive_spectroscopy import adaptive_spectroscopy
from stemline.plans.steering import Steering


def test_wishes_are_taken_once_and_only_while_somebody_listens() -> None:
    steering = Steering()
    with pytest.raises(RuntimeError, match="no run listens"):
        steering.pin(1.0, 2.0)
    with steering.listening():
        steering.pin(1, 2)
        steering.veto(3, 4, radius=5)
        assert [(w.kind, w.arguments) for w in steering.take()] == [("pin", (1, 2)), ("veto", (3, 4, 5))]
        assert steering.take() == []
        steering.pin(1, 2)
    with steering.listening():
        assert steering.take() == [], "what was meant for another field of view"


@pytest.mark.parametrize("where", [(float("nan"), 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 0.0, float("inf"))])
def test_no_place(where) -> None:
    steering = Steering()
    with steering.listening(), pytest.raises(ValueError, match="give y, x in nm"):
        steering.veto(*where)


@pytest.mark.parametrize("overlap", [False, True])
def test_a_run_heeds_wishes_before_its_next_point(engine, microscope, records, scalarise, agents, overlap):
    steering, make = Steering(), agents()
    expose, exposed = microscope.eels.expose, []

    def wish_in_the_second_exposure():
        exposed.append(None)
        if len(exposed) == 2:
            steering.pin(1.0, 2.0)
            steering.pin(99.0, 0.0)
            steering.veto(-1.0, 0.5, 2.0)
        expose()

    microscope.eels.expose = wish_in_the_second_exposure
    plan = adaptive_spectroscopy(
        microscope, records, scalarise, make, num_points=4, dwell_time=0.1, overlap=overlap, steering=steering
    )
    assert engine(plan).plan_result.num_points == 4
    (agent,) = agents.made
    assert agent.calls["pin"] == [(1.0, 2.0), (99.0, 0.0)]
    assert agent.calls["veto"] == [(-1.0, 0.5, 2.0)]
    decisions = engine.documents.events("decisions")
    kinds = ["withdrawn" if d["decision_withdrawn"] else d["decision_strategy"] for d in decisions]
    assert kinds == ["walk", "walk", "withdrawn", "pin", "pin", "veto", "walk", "walk", "stop"]
    assert [decisions[5][f"decision_{name}"] for name in ("y", "x", "radius")] == [-1.0, 0.5, 2.0]
    assert [d["decision_reason"] for d in decisions[3:6]] == ["", "off the image", ""]
    assert agent.calls["withdraw"] == [([2],)]
    assert [point["_id"] for point in agent.ingested] == [0, 1, 3, 4], "what was withdrawn is not measured"


def test_the_next_point_is_chosen_while_one_is_measured(engine, microscope, records, scalarise, agents):
    make, asked = agents(), []
    expose = microscope.eels.expose

    def look():
        (agent,) = agents.made
        done = threading.Event()
        agent._thread.submit(done.set)  # after all that the agent was asked
        assert done.wait(10)
        asked.append((len(agent.calls["suggest"]), len(agent.ingested)))
        expose()

    microscope.eels.expose = look
    engine(
        adaptive_spectroscopy(
            microscope, records, scalarise, make, num_points=4, dwell_time=0.1, overlap=True
        )
    )
    assert asked == [(2, 0), (3, 1), (4, 2), (4, 3)], "and none that will not be measured"
    (agent,) = agents.made
    assert [point["electrons"] for point in agent.ingested] == [10.0] * 4
    waited = [d["decision_waited"] for d in engine.documents.events("decisions")]
    assert all(0 <= seconds < 5 for seconds in waited[:-1])


def test_a_reason_to_stop_holds_after_the_point_that_was_under_way(
    engine, microscope, records, scalarise, agents
):
    make = agents(stop_after=3)
    plan = adaptive_spectroscopy(
        microscope, records, scalarise, make, num_points=9, dwell_time=0.1, overlap=True
    )
    result = engine(plan).plan_result
    assert (result.num_points, result.reason) == (4, "uncertainty goal reached")
    assert len(agents.made[0].ingested) == 4
