import signal
from pathlib import Path

import pytest

from stemline.agents.process_end import how_it_ended, last_words


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-signal.SIGSEGV, "was killed by SIGSEGV"),
        (-signal.SIGKILL, "was killed by SIGKILL (perhaps the memory ran out)"),
        (-99, "was killed by signal 99"),
    ],
)
def test_exit_codes_and_signals_are_told_apart(code: int, says: str) -> None:
    assert how_it_ended(code) == says


def test_last_words_are_those_of_this_process(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    log.write_text("Traceback of another one\nValueError: long ago\n")
    start = log.stat().st_size
    assert last_words(log, start) == ""
    with log.open("a") as more:
        more.write("Traceback\n" + "x" * 9000 + "\nImportError: no torch\n\n")
    assert last_words(log, start) == "ImportError: no torch"


def test_a_log_that_is_gone_says_nothing(tmp_path: Path) -> None:
    assert last_words(tmp_path / "nowhere.log", 0) == ""
