import io

import numpy as np

from stemline.agents.messages import receive, send
from stemline.agents.serve import serve

RNG = np.random.default_rng(0)
FEATURES, POSITIONS = RNG.normal(size=(40, 3)), RNG.uniform(-5, 5, size=(40, 2))


def test_answers_in_order_until_the_requests_end() -> None:
    requests, answers = io.BytesIO(), io.BytesIO()
    calls = [["suggest", [1]], ["guess", []], ["ingest", [[{}]]], ["suggest", [2]]]
    for message in [[FEATURES, POSITIONS, {"kind": "random"}], *calls]:
        send(requests, message)
    requests.seek(0)
    serve(requests, answers)
    answers.seek(0)
    said = [receive(answers) for _ in range(5)]
    assert [one[0] for one in said] == ["ok", "ok", "error", "error", "ok"]
    assert said[2][1] == "AttributeError"
    assert said[3][1] == "ValueError"
    assert [point["_id"] for point in said[4][1]] == [1, 2]
