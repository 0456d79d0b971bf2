"""A real run, steered by a person, and its agent built again from the catalog alone."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from stemline.agent_replay import AgentReplay, numbers
from stemline.config import load
from stemline.consumers.decision_figure import draw_decision
from stemline.explanation import explain
from stemline.session import Session

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]

CONFIG = """
data: {data}
experiment: {{num_points: 26, dwell_time: 0.05, survey: {{shape: [24, 24]}}}}
agent: {{num_seed: 6, acquisition: thompson, seed: 3}}
"""


@pytest.fixture(scope="module")
def steered(tmp_path_factory):
    """Give the configuration file and the uid of a run with a pin, a refused pin and a veto."""
    folder = tmp_path_factory.mktemp("steered")
    file = folder / "session.yml"
    file.write_text(CONFIG.format(data=folder / "data"))
    with Session(load(file), say=lambda line: None) as session:
        steering, measured = session.experiments.steering, []

        def wish(name, document):
            if name != "event" or "scalar_value" not in document["data"]:
                return
            measured.append(document["data"])
            if len(measured) == 12:
                # Another thread, as the queue server's functions and a notebook have it.
                thread = threading.Thread(target=_wishes, args=(steering,))
                thread.start()
                thread.join()

        session.RE.subscribe(wish)
        (uid,) = session.RE(session.experiments.adaptive_spectroscopy())
        with pytest.raises(RuntimeError, match="no run listens"):
            steering.pin(0.0, 0.0)
        assert session.flush() is None
    return file, uid, measured


def _wishes(steering):
    steering.pin(40.0, -20.0)
    steering.pin(4000.0, 0.0)
    steering.veto(0.0, 0.0, 30.0)


def test_a_person_steers_a_run(steered):
    _, _, measured = steered
    assert len(measured) == 26
    y, x = (np.array([data[f"scanner_{axis}"] for data in measured]) for axis in "yx")
    pitch = 160.0 / 24
    assert np.hypot(y[12] - 40.0, x[12] + 20.0) < pitch, "pinned: the next point"
    assert np.hypot(y[13:], x[13:]).min() > 30.0, "vetoed: never again"


def test_its_agent_makes_the_same_suggestions_from_the_catalog_alone(steered, tmp_path):
    file, uid, _ = steered
    with Session(load(file), say=lambda line: None) as session:
        replay = AgentReplay(session.catalog[uid])
        decision, steps = explain(replay)
        draw_decision(decision, tmp_path / "why.png")
    assert [step.id for step in steps] == list(range(27)), "one was withdrawn for the pin"
    assert [step.differs for step in steps] == [{}] * 27
    assert {"seed", "pin", "thompson"} == {step.strategy for step in steps}
    assert decision.acquisition.shape == (24, 24)
    assert len(decision.patches) == 5
    assert (tmp_path / "why.png").stat().st_size > 50_000
    strategies = list(replay.summary.decisions["decision_strategy"])
    assert strategies[-1] == "stop"
    refused = [r for r in replay.summary.decisions["decision_reason"] if "measure where candidates are" in r]
    assert len(refused) == 1, "the pin that is off the image"


def test_the_command_says_why_and_whether_it_is_the_same(steered, tmp_path):
    file, uid, _ = steered
    command = [sys.executable, "-m", "stemline", "explain", uid[:8], str(file), "--decision", "9"]
    done = subprocess.run(
        [*command, "--figure", str(tmp_path / "why.png")],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "decision 9: thompson at y = " in done.stdout
    assert "10 of 10 suggestions came out the same, bit for bit" in done.stdout
    unknown = subprocess.run(
        [*command[:-1], "99"], capture_output=True, text=True, timeout=200, check=False, cwd=tmp_path
    )
    assert unknown.returncode == 1
    assert "has no decision 99: there are 0 to 26" in unknown.stderr
    assert unknown.stderr.count("\n") <= 2


def test_ranges_are_read() -> None:
    assert numbers("") == []
    assert numbers("3,5-7") == [3, 5, 6, 7]
