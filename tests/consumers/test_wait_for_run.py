from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stemline.consumers.wait_for_run import wait_for_run


class Arriving:
    """Runs that get one further document at each look."""

    def __init__(self, *states: dict[str, Any] | None) -> None:
        self.states = list(states)

    def __getitem__(self, uid: str) -> Any:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            raise KeyError(uid)
        return SimpleNamespace(metadata=state)


def test_waits_until_the_stop_document_is_there() -> None:
    runs: Any = Arriving(None, {"start": {}}, {"start": {}}, {"start": {}, "stop": {"exit_status": "fail"}})
    assert wait_for_run(runs, "u", poll=0.0).metadata["stop"]["exit_status"] == "fail"


@pytest.mark.parametrize(("state", "said"), [(None, "nothing of run u"), ({}, "no stop document of run u")])
def test_says_how_far_it_came(state: dict[str, Any] | None, said: str) -> None:
    runs: Any = Arriving(state)
    with pytest.raises(TimeoutError, match=said):
        wait_for_run(runs, "u", timeout=0.0, poll=0.0)
