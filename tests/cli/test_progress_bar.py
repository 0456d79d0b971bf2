"""Progress: a line that is redrawn on a terminal, a few that stay in a log."""

from __future__ import annotations

import pytest

from stemline.cli.progress_bar import ProgressBar


def show(total: int) -> None:
    with ProgressBar("recording") as progress:
        for done in range(1, total + 1):
            progress(done, total)


def test_a_log_gets_ten_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show(2304)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "recording 2304/2304"
    assert "\r" not in "".join(lines)


def test_a_log_gets_no_more_lines_than_there_are_steps(capsys: pytest.CaptureFixture[str]) -> None:
    show(3)
    assert capsys.readouterr().err.splitlines() == [f"recording {k}/3" for k in (1, 2, 3)]


def test_a_terminal_gets_one_line_that_ends_full(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    show(500)
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert written.splitlines()[-1].endswith("[" + "#" * 30 + "] 500/500")
