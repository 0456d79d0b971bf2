import io

import numpy as np

from stemline.agents.messages import receive, send
from stemline.agents.serve import serve

RNG = np.random.default_rng(0)
FEATURES, POSITIONS = RNG.normal(size=(40, 3)), RNG.uniform(-5, 5, size=(40, 2))


def served(options, calls, awaited):
    requests, answers = io.BytesIO(), io.BytesIO()
    for message in [[FEATURES, POSITIONS, options], *calls]:
        send(requests, message)
    requests.seek(0)
    serve(requests, answers, awaited)
    answers.seek(0)
    return [receive(answers) for _ in range(1 + len(calls))]


def measure_eight():
    points = [
        {"_id": 100 + n, "scanner_y": y, "scanner_x": x, "value": y, "sigma": 0.1}
        for n, (y, x) in enumerate(POSITIONS[:8].tolist())
    ]
    calls = [["ingest", [points[:6]]], ["suggest", [1]], ["ingest", [points[6:7]]], ["suggest", [1]]]
    return [*calls, ["suggest", [1]]]


def test_trains_after_a_suggestion_when_nobody_waits() -> None:
    options = {"num_seed": 2, "deadline": 0.0, "kernel": "fixed"}
    idle = served(options, measure_eight(), lambda: False)
    busy = served(options, measure_eight(), lambda: True)
    assert [answer[1][0]["_trained_on"] for answer in (idle[-2], idle[-1])] == [6, 7]
    assert [answer[1][0]["_trained_on"] for answer in (busy[-2], busy[-1])] == [6, 6]
    assert busy[-1][1][0]["_fallback"] == "last model"


def test_an_agent_without_a_model_needs_no_training() -> None:
    answers = served({"kind": "random"}, [["suggest", [1]], ["suggest", [1]]], lambda: False)
    assert [answer[0] for answer in answers] == ["ok"] * 3
