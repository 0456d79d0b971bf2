import re
import subprocess
import sys

import numpy as np
import pytest

from stemline.agents.worker import AgentError, InlineProposer, WorkerProposer

POSITIONS = np.stack(np.meshgrid(np.arange(3.0), np.arange(4.0), indexing="ij"), axis=-1).reshape(-1, 2)


@pytest.fixture
def inline() -> InlineProposer:
    return InlineProposer(np.zeros((12, 1)), POSITIONS, {"kind": "random", "num_points": 2})


def test_inline_answers_at_once(inline) -> None:
    future = inline.submit("suggest", 2)
    assert future.done()
    assert len(future.result()) == 2
    assert inline.submit("should_stop").result() == (False, None)
    inline.close()


def test_inline_hands_errors_to_the_future(inline) -> None:
    future = inline.submit("ingest", [{}])
    with pytest.raises(ValueError, match="give _id"):
        future.result()


def test_inline_refuses_bad_options() -> None:
    with pytest.raises(ValueError, match="'luck'"):
        InlineProposer(np.zeros((12, 1)), POSITIONS, {"acquisition": "luck"})


def test_importing_it_loads_no_torch() -> None:
    code = "import stemline.agents, stemline.agents.worker, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_process_that_died_says_how_and_where_it_wrote(tmp_path, monkeypatch) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text("#!/bin/sh\necho 'ImportError: no torch' >&2\nexit 3\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(stand_in))
    log = tmp_path / "agent.log"
    with pytest.raises(AgentError) as caught:
        WorkerProposer(np.zeros((12, 1)), POSITIONS, {}, log)
    assert re.search(
        r"process \(pid \d+\) ended with exit code 3: ImportError: no torch: see ", str(caught.value)
    )
    assert str(log) in str(caught.value)
    with pytest.raises(AgentError, match="standard error"):
        WorkerProposer(np.zeros((12, 1)), POSITIONS, {})
