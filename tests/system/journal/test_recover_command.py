from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from stemline.cli.recover import recover
from stemline.tiled_config.journal.file import encode, journal_path

pytestmark = pytest.mark.system


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(recover)
    return app


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "session.yml"
    path.write_text(f"data: {tmp_path}/data\n")
    (tmp_path / "data" / "journal").mkdir(parents=True)
    return path


def test_a_line_a_run_and_how_to_forward_them(tmp_path: Path, app: typer.Typer, config: Path) -> None:
    path = journal_path(tmp_path / "data" / "journal", "r")
    path.write_bytes(encode("start", {"uid": "r", "time": 5.0, "num_points": 60}))
    done = CliRunner().invoke(app, [str(config)])
    assert done.exit_code == 0
    run, command = done.stdout.splitlines()
    assert run.startswith("run r: closed as failed: the process that measured this run ended")
    assert run.endswith("it had taken 0 of 60 points")
    assert f"`stemline forward --once {config}`" in command
    again = CliRunner().invoke(app, [str(config)])
    assert (again.exit_code, again.stdout) == (0, "nothing to recover\n")


def test_a_journal_that_can_not_be_closed_is_a_failure(
    tmp_path: Path, app: typer.Typer, config: Path
) -> None:
    path = journal_path(tmp_path / "data" / "journal", "r")
    path.write_bytes(encode("start", {"uid": "r", "time": 5.0}) + b"?\n" + encode("event", {}))
    done = CliRunner().invoke(app, [str(config)])
    assert done.exit_code == 1
    assert "line 2" in done.stdout
